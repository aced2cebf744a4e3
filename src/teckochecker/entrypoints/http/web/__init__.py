"""/web: the pages. Everything on them works as plain links and forms; a script makes it live."""
