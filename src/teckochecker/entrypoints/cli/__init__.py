"""The command line: parse, ask the library, show what it answers. Only here are cyclopts and rich known."""
