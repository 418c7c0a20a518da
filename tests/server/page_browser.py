"""What page_test.py runs where playwright is installed: the page in Debian's chromium, as people use it.

TENON_SCREENSHOTS names a folder for pictures at both widths.
"""
import json
import os
import pathlib
import shutil
import unittest

from playwright.sync_api import expect, sync_playwright

from api_client import QUESTION, SUNNY, WEATHER
from service import PATIENCE_S, tenon_server

KEY = "sk-of-the-page"
SCREENSHOTS = os.environ.get("TENON_SCREENSHOTS")
LONG = "Tell me a story."
# Every element that can be reached by the keyboard needs a name.
NAMELESS = """() => [...document.querySelectorAll('button, input, textarea, summary, [tabindex]')].filter(
  (e) => !(e.innerText?.trim() || e.labels?.length || e.ariaLabel || e.hasAttribute('aria-labelledby')))
  .map((e) => e.outerHTML)"""


class BrowserCase(unittest.TestCase):
    keys = {}

    @classmethod
    def setUpClass(cls):
        cls.server = tenon_server(environment=cls.keys)
        cls.addClassCleanup(cls.server.stop)
        player = sync_playwright().start()
        cls.addClassCleanup(player.stop)
        cls.browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)
        expect.set_options(timeout=PATIENCE_S * 1000)

    def setUp(self):
        self.faults = []  # of scripts, and what the policy forbade
        self.addCleanup(lambda: self.assertEqual(self.faults, []))

    def open(self, width=1280, height=900, **options):
        page = self.browser.new_page(viewport={"width": width, "height": height}, **options)
        self.addCleanup(page.close)
        page.on("pageerror", lambda problem: self.faults.append(str(problem)))
        page.on("console", lambda message: self.faults.append(message.text) if "Policy" in message.text else None)
        page.goto(self.server.url)
        if not self.keys:
            expect(page.locator("#model-name")).to_have_text("demo")
        return page

    def set_greedy(self, page, **fields):
        page.locator("#settings summary").click()
        page.fill("#temperature", "0")
        for name, value in fields.items():
            page.fill(f"#{name}", value)
        page.locator("#settings summary").click()

    def ask(self, page, question):
        page.fill("#question", question)
        page.press("#question", "Enter")

    def answered(self, page, number=1):
        expect(page.locator(".assistant")).to_have_count(number)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        return page.locator(".assistant").last

    def picture(self, page, name):
        if SCREENSHOTS:
            page.screenshot(path=pathlib.Path(SCREENSHOTS) / name)


class Chat(BrowserCase):
    def test_a_chat_with_two_questions(self):
        page = self.open()
        self.set_greedy(page)
        self.ask(page, QUESTION)
        answer = self.answered(page)
        expect(answer).to_contain_text("Paris")
        expect(answer.locator(".note")).to_contain_text("tokens/s")
        self.ask(page, "What is 12 + 30?")
        expect(self.answered(page, 2)).to_contain_text("42")

    def test_shift_enter_breaks_the_line(self):
        page = self.open()
        page.focus("#question")
        page.keyboard.type("a")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("b")
        self.assertEqual(page.input_value("#question"), "a\nb")
        expect(page.locator(".turn")).to_have_count(0)

    def test_thinking_is_folded(self):
        page = self.open()
        self.set_greedy(page)
        page.locator("#settings summary").click()
        page.check("#thinking")
        self.ask(page, "What is 12 + 30?")
        answer = self.answered(page)
        thinking = answer.locator("details.thinking")
        expect(thinking.locator("p")).to_be_hidden()
        thinking.locator("summary").click()
        expect(thinking.locator("p")).to_be_visible()
        self.assertTrue(thinking.locator("p").inner_text().strip())

    def test_escape_stops_and_regenerate_asks_again(self):
        page = self.open()
        body = {}

        def hold(route):  # an answer that would not end by itself
            body.update(json.loads(route.request.post_data), ignore_eos=True)
            route.continue_(post_data=json.dumps(body))

        page.route("**/v1/chat/completions", hold)
        self.ask(page, LONG)
        expect(page.locator(".assistant .text").last).not_to_be_empty()
        page.keyboard.press("Escape")
        expect(self.answered(page)).to_contain_text("You stopped it")
        expect(page.locator("#stop")).to_be_disabled()
        page.unroute("**/v1/chat/completions")
        page.click("#again")
        expect(self.answered(page).locator(".note")).to_contain_text("tokens/s")
        expect(page.locator(".user")).to_have_count(1)
        page.click("#new-chat")
        expect(page.locator(".turn")).to_have_count(0)

    def test_tools_are_called_and_answered(self):
        page = self.open()
        self.set_greedy(page, tools=json.dumps([WEATHER]))
        self.ask(page, "What is the weather in Paris?")
        call = self.answered(page).locator(".call")
        expect(call).to_contain_text("get_weather")
        expect(call.locator("pre")).to_contain_text("Paris")
        call.locator("input").fill(SUNNY)
        call.locator("button").click()
        expect(self.answered(page, 2).locator(".text").last).not_to_be_empty()
        expect(page.locator(".call form")).to_have_count(0)

    def test_errors_are_told_in_words(self):
        page = self.open()
        self.set_greedy(page, temperature="9")
        self.ask(page, "hi")
        expect(self.answered(page).get_by_role("alert")).to_contain_text("temperature: is 9")
        self.set_greedy(page, tools="{")
        self.ask(page, "hi")
        expect(page.locator("#status")).to_contain_text("tools under Settings are no JSON")

    def test_what_a_model_or_user_says_is_never_markup(self):
        page = self.open()
        self.ask(page, "<img src=x onerror=alert(1)>")
        self.answered(page)
        expect(page.locator("#messages img")).to_have_count(0)
        expect(page.locator(".user .text")).to_have_text("<img src=x onerror=alert(1)>")


class Inside(BrowserCase):
    def test_the_layers_and_their_plugins(self):
        page = self.open()
        props = json.loads(self.server.request("GET", "/props")[2])
        layers = props["inside"]["layers"]
        expect(page.locator("#map button")).to_have_count(len(layers))
        for layer in (layers[0], layers[-1]):
            page.locator("#map button").nth(layer["layer"]).click()
            expect(page.locator("#layer")).to_contain_text(layer["mixer"])
            expect(page.locator("#layer")).to_contain_text(layer["experts"])
            for key in props["plugins"]["mixers"][layer["mixer_role"]]["config"]:
                expect(page.locator("#layer")).to_contain_text(key)
        expect(page.locator("#whole")).to_contain_text(props["inside"]["cache"])

    def test_the_figures_move(self):
        page = self.open()
        figure = page.locator("#live div", has_text="Tokens so far").locator("dd")
        expect(figure).to_contain_text(" out")
        before = figure.inner_text()
        self.ask(page, QUESTION)
        self.answered(page)
        expect(figure).not_to_have_text(before)

    def test_the_prompt_token_by_token(self):
        page = self.open()
        self.set_greedy(page)
        for number in (1, 2):
            self.ask(page, "Name three colours. " * 20 + QUESTION)
            answer = self.answered(page, number)
        answer.get_by_role("button", name="Prompt").click()
        tokens = page.locator("#prompt .token")
        expect(tokens.first).to_have_text("<|im_start|>")
        self.assertGreater(page.locator("#prompt .token.cached").count(), 0)
        expect(page.locator("#prompt .boundary")).to_have_count(1)
        ids = page.locator("#prompt details").first.locator("pre").text_content().split()
        self.assertEqual(len(ids), tokens.count())


class Look(BrowserCase):
    def test_both_widths(self):
        for width, height in ((1280, 900), (390, 844)):
            page = self.open(width, height)
            self.set_greedy(page)
            page.locator("#settings summary").click()
            page.check("#thinking")
            page.locator("#settings summary").click()
            for number, question in enumerate((QUESTION, "What is 12 + 30?"), 1):
                self.ask(page, question)
                self.answered(page, number)
            if width > 800:
                page.locator("#map button").nth(0).click()
                expect(page.locator("#live")).not_to_contain_text("…")
                expect(page.locator("#layer")).to_contain_text("State per sequence")
            self.picture(page, f"page-{width}.png")
            wide = page.evaluate("document.documentElement.scrollWidth")
            self.assertLessEqual(wide, width)
            self.assertEqual(page.evaluate(NAMELESS), [])

    def test_a_phone_shows_one_view_at_a_time(self):
        page = self.open(390, 844)
        expect(page.locator("aside")).to_be_hidden()
        page.get_by_role("button", name="Inside").click()
        expect(page.locator("aside")).to_be_visible()
        expect(page.locator("#question")).to_be_hidden()

    def test_dark_is_dark(self):
        colours = [self.open(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
                   for scheme in ("light", "dark")]
        self.assertGreater(*(int(colour.split("(")[1].split(",")[0]) for colour in colours))


class Locked(BrowserCase):
    keys = {"TENON_API_KEY": KEY}

    def test_the_page_asks_for_the_key_and_then_works(self):
        page = self.open()
        expect(page.locator("#status")).to_contain_text("wants a key")
        page.fill("#key", KEY)
        page.press("#key", "Tab")
        expect(page.locator("#model-name")).to_have_text("demo")
        self.ask(page, QUESTION)
        expect(self.answered(page).locator(".note")).to_contain_text("tokens/s")
        self.assertEqual(page.evaluate("[localStorage.length, document.cookie]"), [0, ""])


if __name__ == "__main__":
    unittest.main()
