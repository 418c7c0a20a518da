"""The page: its files as a browser gets them, and the page itself in one, where there is a browser.

The second part needs Debian's chromium, which nothing here installs, and Playwright from PyPI; where one of them is
not there, it says so and skips.
"""
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from clients_environment import run_there
from service import tenon_server

WEB = pathlib.Path(os.environ["TENON_SOURCE"]) / "apps" / "server" / "web"
FILES = sorted(path for path in WEB.iterdir() if path.suffix != ".cmake")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
         ".js": "text/javascript; charset=utf-8"}
KEY = "sk-of-the-page"


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = tenon_server(environment={"TENON_API_KEY": KEY})
        cls.addClassCleanup(cls.server.stop)

    def get(self, path, **headers):
        return self.server.request("GET", path, None, {key.replace("_", "-"): value for key, value in headers.items()})

    def test_every_file_is_served_without_a_key_as_it_is(self):
        self.assertIn("index.html", [path.name for path in FILES])
        for path in FILES:
            with self.subTest(file=path.name):
                status, headers, body = self.get(f"/web/{path.name}")
                self.assertEqual((status, headers["content-type"]), (200, TYPES[path.suffix]))
                self.assertEqual(body, path.read_bytes())

    def test_the_root_is_the_page(self):
        status, headers, body = self.get("/")
        self.assertEqual((status, headers["content-type"]), (200, TYPES[".html"]))
        self.assertEqual(body, (WEB / "index.html").read_bytes())

    def test_every_file_forbids_what_is_not_its_own(self):
        for path in ["/", *(f"/web/{file.name}" for file in FILES)]:
            headers = self.get(path)[1]
            policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
            self.assertEqual(policy["default-src"], "'self'")
            self.assertEqual({policy[name] for name in ("base-uri", "form-action", "frame-ancestors", "object-src")},
                             {"'none'"})
            self.assertNotIn("unsafe", headers["content-security-policy"])
            self.assertEqual((headers["x-content-type-options"], headers["x-frame-options"]), ("nosniff", "DENY"))
            self.assertEqual((headers["referrer-policy"], headers["cache-control"]), ("no-referrer", "no-cache"))

    def test_what_a_browser_has_is_not_sent_again(self):
        tags = set()
        for file in FILES:
            tag = self.get(f"/web/{file.name}")[1]["etag"]
            tags.add(tag)
            for condition in (tag, f'"other", W/{tag}', "*"):
                status, headers, body = self.get(f"/web/{file.name}", if_none_match=condition)
                self.assertEqual((status, body, headers["etag"]), (304, b"", tag))
            self.assertEqual(self.get(f"/web/{file.name}", if_none_match='"other"')[0], 200)
        self.assertEqual(len(tags), len(FILES))

    def test_there_are_no_other_files(self):
        for path in ("/web/", "/web/none.js", "/web/embed.cmake", "/web/a/b", "/web/%2e%2e/main.cpp", "/index.html"):
            self.assertIn(self.get(path, authorization=f"Bearer {KEY}")[0], (400, 404), path)
        self.assertEqual(self.server.request("POST", "/", b"", {"authorization": f"Bearer {KEY}"})[0], 405)

    def test_what_the_page_asks_for_still_needs_the_key(self):
        for path in ("/props", "/metrics"):
            self.assertEqual(self.get(path)[0], 401)
            self.assertEqual(self.get(path, authorization=f"Bearer {KEY}")[0], 200)

    def test_a_strange_host_gets_no_page(self):
        self.assertEqual(self.get("/", host="evil.example")[0], 421)


class Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.within = [], []  # (name, attributes); texts of scripts and styles
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.current = tag

    def handle_data(self, data):
        if self.found and self.current in ("script", "style") and data.strip():
            self.within.append(data)


class Written(unittest.TestCase):
    def test_the_page_has_no_script_or_style_in_itself(self):
        page = Elements((WEB / "index.html").read_text())
        self.assertEqual(page.within, [])
        for name, attributes in page.found:
            self.assertNotEqual(name, "style")
            self.assertFalse([key for key in attributes if key.startswith("on") or key == "style"], name)

    def test_nothing_comes_from_elsewhere(self):
        for path in FILES:
            text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
            self.assertIsNone(re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text), path.name)
            self.assertIsNone(re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", text), path.name)

    def test_every_field_has_a_label_and_every_reference_a_file(self):
        page = Elements((WEB / "index.html").read_text())
        ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
        self.assertEqual(len(ids), len(set(ids)))
        for name, attributes in page.found:
            for reference in (attributes.get("src"), attributes.get("href")):
                if reference and not reference.startswith("#"):
                    self.assertTrue((WEB / reference.removeprefix("/web/")).is_file(), reference)
            if name in ("aside", "section", "nav"):
                self.assertTrue({"aria-label", "aria-labelledby"} & set(attributes), name)
        for path in WEB.glob("*.js"):
            for module in re.findall(r'from "\./(.*?)"', path.read_text()):
                self.assertTrue((WEB / module).is_file(), module)
            for used in re.findall(r'byId\("(.*?)"\)', path.read_text()):
                self.assertIn(used, ids, path.name)

    @unittest.skipUnless(shutil.which("node"), "node is not there, expected it to read the modules")
    def test_modules_can_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in WEB.glob("*.js"):
                copy = pathlib.Path(folder) / f"{path.stem}.mjs"
                shutil.copy(path, copy)
                done = subprocess.run(["node", "--check", copy], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)


class Browser(unittest.TestCase):
    def test_all(self):
        if not shutil.which("chromium"):
            self.skipTest("chromium is not there, expected Debian's package of that name")
        run_there(self, "page_browser.py")


if __name__ == "__main__":
    unittest.main()
