"""Tables are drawn as the guide draws them."""

from __future__ import annotations

from rich.cells import cell_len

from teckochecker.entrypoints.cli.box import Section, draw

DETAILS = Section("Polling Job Details", [("ID", "1"), ("Status", "🟢 active")])
BATCHES = Section("Batch Status", [("batch_abc123", "✓ completed"), ("batch_jkl012", "⏳ in_progress")])


def drawn(*sections: Section, width: int | None = None, ascii: bool = False) -> list[str]:
    """The lines of the frame as text."""
    return [line.plain for line in draw(sections, width=width, ascii=ascii)]


def test_sections_share_a_frame_and_their_columns_meet_its_lines() -> None:
    assert drawn(DETAILS, BATCHES) == [
        "╭───────────────────────────────╮",
        "│      Polling Job Details      │",
        "├────────┬──────────────────────┤",
        "│ ID     │ 1                    │",
        "│ Status │ 🟢 active            │",
        "├────────┴──────────────────────┤",
        "│         Batch Status          │",
        "├──────────────┬────────────────┤",
        "│ batch_abc123 │ ✓ completed    │",
        "│ batch_jkl012 │ ⏳ in_progress │",
        "╰──────────────┴────────────────╯",
    ]


def test_a_header_is_ruled_off() -> None:
    lines = drawn(Section("Stored Secrets", [("1", "openai-prod")], ("ID", "Name")))
    assert lines[2:6] == [
        "├────┬─────────────┤",
        "│ ID │ Name        │",
        "├────┼─────────────┤",
        "│ 1  │ openai-prod │",
    ]


def test_without_signs_it_is_drawn_in_ascii() -> None:
    assert all(line.isascii() for line in drawn(Section("T", [("a", "b")], ("x", "y")), ascii=True))


def test_wide_signs_and_narrow_terminals_keep_the_frame_straight() -> None:
    section = Section("Jobs", [("1", "日本語の名前 " * 9, "🔄 triggering"), ("2", "x" * 90, "✓ completed")])
    for width in (40, 60, 80):
        lines = drawn(section, width=width)
        assert {cell_len(line) for line in lines} == {width}
        assert "".join(lines).count("x") == 90


def test_a_title_without_rows_stands_alone() -> None:
    assert drawn(Section("Nothing", [])) == ["╭─────────╮", "│ Nothing │", "╰─────────╯"]
