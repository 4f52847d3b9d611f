"""The files that the page is made of."""

import re

from toggle_mock.http_api.page import files


def test_the_first_file_names_all_modules_and_sheets_so_that_none_waits_for_another():
    first, *others = files()
    linked = re.findall(r'<link rel="(\w+)"(?: as="style")? href="([^"]+)"', first.content.decode())
    fetched = {path for kind, path in linked if kind in {"modulepreload", "preload"}}
    needed = {file.path for file in others if file.path.endswith((".js", ".css"))}
    assert fetched == needed
    assert len(needed) > 40
