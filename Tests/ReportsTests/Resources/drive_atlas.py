# SPDX-License-Identifier: MIT
"""Uses an atlas's page in headless Chromium, and fails where it does not do what a person expects.

    drive_atlas.py DIRECTORY

The directory holds `atlas`, `ended` and `large`. With LUCID_SCREENSHOTS=FOLDER, what is seen is kept there.
"""
import base64
import os
import pathlib
import shutil
import signal
import sys
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

root = pathlib.Path(sys.argv[1])
page = (root / "atlas" / "index.html").as_uri()
screenshots = os.environ.get("LUCID_SCREENSHOTS")
hostile = "<img src=x onerror=\"document.title='harm'\"> 'a' & #1?%41.jpg"


def leave(number, _frame):
    sys.exit(f"stopped by signal {number}")


def open_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or sys.exit("there is no chromium: run Deploy/setup --tests")
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
        f"--user-data-dir={root / 'profile'}", "--window-size=1280,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = shutil.which("chromedriver") or sys.exit("there is no chromedriver: run Deploy/setup --tests")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))


class Visitor:
    """What a person sees and does."""

    def __init__(self, browser):
        self.browser = browser

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def wait(self, condition, what):
        WebDriverWait(self.browser, 10, poll_frequency=0.03).until(lambda _: condition(), f"in vain: {what}")

    def shows(self, expected, selector):
        self.wait(lambda: expected in self.text(selector), f"{expected!r} in {selector}: {self.text(selector)!r}")

    def address(self, expected):
        self.wait(lambda: self.run("return location.hash") == expected,
                  f"the address {expected}, not {self.run('return location.hash')}")

    def keys(self, *keys):
        ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def is_open(self, selector="#viewer"):
        return self.run("return document.querySelector(arguments[0]).open", selector)

    def open(self, hash=""):
        self.browser.get("about:blank")
        self.browser.get(page + hash)
        self.wait(lambda: self.all(".cell"), "a grid")

    def names(self):
        return self.run("return [...document.querySelectorAll('.cell')].map(cell => "
                        "[Number(cell.dataset.place), cell.firstChild.getAttribute('aria-label').split(',')[0]])"
                        ".sort((a, b) => a[0] - b[0]).map(entry => entry[1].split(':')[1])")

    def search(self, text):
        self.keys("/")
        self.wait(lambda: self.run("return document.activeElement.id") == "query", "the search to have the focus")
        self.one("#query").send_keys(Keys.CONTROL, "a")
        self.keys(text, Keys.ENTER)

    def pictures_loaded(self):
        self.wait(lambda: self.run("return [...document.images].every(image => "
                                   "(image.complete && image.naturalWidth > 0) || image.loading === 'lazy')"),
                  "all pictures to load")

    def size(self, width, height, mobile=False):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile})

    def scheme(self, scheme):
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def keep(self, name):
        if screenshots:
            # Transitions end after the page is ready, and what is decoded meanwhile is painted a frame later.
            self.wait(lambda: self.run("return document.getAnimations().every(one => one.playState !== 'running')"),
                      "all transitions to end")
            self.browser.execute_async_script("""
                const [done] = arguments;
                const visible = [...document.images].filter(image => image.complete);
                Promise.allSettled(visible.map(image => image.decode()))
                    .then(() => requestAnimationFrame(() => requestAnimationFrame(done)));""")
            self.browser.save_screenshot(os.path.join(screenshots, f"{name}.png"))

    def no_errors(self):
        entries = [entry for entry in self.browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        assert not entries, entries


def opens_with_its_first_layer(visitor):
    visitor.open()
    visitor.shows("conv2d0", "#layer-name")
    visitor.shows("celeba-transfer-01234567", "#campaign")
    visitor.shows("of 1,024 so far", "#progress")
    assert len(visitor.all("#layers [role=tab]")) == 21
    visitor.run("document.querySelector('[data-layer=mixed4a_3x3]').click()")
    visitor.shows("mixed4a_3x3", "#layer-name")
    visitor.address("#mixed4a_3x3")
    visitor.shows("40 neurons", "#summary")
    visitor.pictures_loaded()
    assert visitor.names()[:3] == ["0", "1", "2"]
    assert "mixed4a_3x3:12" in visitor.one("[data-place='12'] button").get_attribute("data-label")
    # On the sheet it is a piece of it; drawn later, it is its own picture; where it failed, it says why.
    sprite = visitor.run("return document.querySelector(\"[data-place='12'] .thumb\").style.backgroundImage")
    assert "sheet.png" in sprite, sprite
    assert visitor.one("[data-place='38'] .thumb img").get_attribute("src").endswith("/0038.png")
    assert "not a number after 17 steps" in visitor.one("[data-place='5'] .thumb").text
    visitor.keep("grid-1280-light")


def thumbnails_are_the_pictures(visitor):
    """What is seen of a neuron in the grid is its own picture made smaller, and not its neighbour's."""
    visitor.open("#mixed4a_3x3")
    visitor.pictures_loaded()
    places = (0, 6, 17, 38)

    def source(png):
        return "data:image/png;base64," + base64.b64encode(png).decode()

    seen = []
    for place in places:
        thumbnail = visitor.one(f"[data-place='{place}'] .thumb")
        visitor.run("arguments[0].scrollIntoView({block: 'center'})", thumbnail)
        seen.append(source(thumbnail.screenshot_as_png))
    files = [source((root / f"atlas/imagenet/mixed4a_3x3/{place:04}.png").read_bytes()) for place in places]
    # A page from a file may not look at pixels; an empty one may, of pictures that it is given.
    visitor.browser.get("about:blank")
    differences = visitor.browser.execute_async_script("""
        const [seen, files, done] = arguments;
        const pixels = async source => {
            const image = new Image(), canvas = document.createElement('canvas');
            image.src = source;
            await image.decode();
            canvas.width = canvas.height = 28;
            const context = canvas.getContext('2d');
            context.imageSmoothingQuality = 'high';
            context.drawImage(image, 0, 0, 28, 28);
            return context.getImageData(0, 0, 28, 28).data;
        };
        const mean = (a, b) => a.reduce((sum, value, place) => sum + Math.abs(value - b[place]), 0) / a.length;
        Promise.all([seen, files].map(list => Promise.all(list.map(pixels)))).then(([shown, wanted]) =>
            done(shown.map(a => wanted.map(b => mean(a, b)))));
    """, seen, files)
    for place, row in enumerate(differences):
        # Rounded corners and two ways to make pictures smaller differ by a few of 255 steps.
        assert row[place] < 10 and min(row[:place] + row[place + 1:]) > 2 * row[place], differences
    visitor.open("#mixed4a_3x3")


def finds(visitor):
    visitor.search("mixed4a_3x3:12")
    visitor.wait(visitor.is_open, "the neuron to open")
    visitor.address("#mixed4a_3x3:12")
    assert visitor.text("#viewer-name") == "mixed4a_3x3:12"
    visitor.keys(Keys.ESCAPE)
    visitor.wait(lambda: not visitor.is_open(), "the neuron to close")
    visitor.address("#mixed4a_3x3")
    visitor.search("7")
    visitor.address("#mixed4a_3x3:7")
    visitor.keys(Keys.ESCAPE)
    visitor.search("conv2d0")
    visitor.shows("conv2d0", "#layer-name")
    visitor.search("mixed4a_3x3:99")
    visitor.shows("There is no picture of mixed4a_3x3:99. The atlas has 40 of its neurons, from 0 to 39.", "#answer")
    visitor.keep("search-missing")
    visitor.search("mixed4a_3x3:1:2")
    visitor.shows("There is no picture of mixed4a_3x3:1:2.", "#answer")
    visitor.search("mixed4a3x3:12")
    visitor.shows("There is no layer “mixed4a3x3”. Did you mean:", "#answer")
    visitor.one("#answer button").click()
    visitor.address("#mixed4a_3x3:12")
    visitor.search("<b>harm</b>")
    visitor.shows("There is no layer “<b>harm</b>”.", "#answer")
    visitor.keys(Keys.ESCAPE)
    assert not visitor.one("#answer").is_displayed()


def follows_links(visitor):
    visitor.open("#mixed4a_3x3:0012")
    visitor.wait(visitor.is_open, "a file's number to open the neuron")
    assert visitor.text("#viewer-name") == "mixed4a_3x3:12"
    visitor.open("#mixed4a3x3:12")
    visitor.shows("There is no layer “mixed4a3x3”. Did you mean:mixed4a_3x3:12", "#answer")
    visitor.open("#mixed4a_3x3:12&model=nobody's")
    visitor.shows("There is no model “nobody's”.", "#answer")
    assert not visitor.is_open(), "no other model's picture stands in"
    visitor.run("location.hash = '#mixed4a_3x3:12&picture=77'")
    visitor.shows("over 512 steps", ".spark")
    assert not visitor.one("#answer").is_displayed(), "an answer to another address stays"
    for hash, answer in (("#mixed4a_3x3:" + "9" * 90, "There is no picture of mixed4a_3x3:" + "9" * 79 + "…."),
                         ("#" + "x" * 90, "There is no layer “" + "x" * 79 + "…”."), ("#%", "This link cannot be read")):
        visitor.run("location.hash = arguments[0]", hash)
        visitor.shows(answer, "#answer")
    visitor.open("#mixed4a_3x3:12&compare&model=nobody's")
    visitor.wait(visitor.is_open, "all models of a comparison")


def shows_a_neuron(visitor):
    visitor.open("#mixed4a_3x3:12")
    visitor.wait(visitor.is_open, "a deep link to open")
    visitor.pictures_loaded()
    assert visitor.one(".stage img").get_attribute("src").endswith("atlas/imagenet/mixed4a_3x3/0012.png")
    assert len(visitor.run("return document.querySelector('polyline').getAttribute('points').split(' ')")) == 32
    assert visitor.text(".exemplars li bdi") == hostile
    assert visitor.run("return document.querySelector('.exemplars img').naturalWidth") == 224, "any file name works"
    assert visitor.text("aside .facts dd")
    assert len(visitor.all("#viewer-pictures button")) == 2
    visitor.keep("neuron-1280-light")
    visitor.all("#viewer-pictures button")[0].click()
    visitor.shows("over 256 steps", ".spark")
    visitor.address("#mixed4a_3x3:12&picture=256")
    visitor.browser.refresh()
    visitor.shows("over 256 steps", ".spark")
    visitor.keys("c")
    visitor.address("#mixed4a_3x3:12&picture=256&compare")
    visitor.wait(lambda: ["over 256 steps"] * 3 == [
        line.text for line in visitor.all(".many .spark p span:nth-child(2)")], "the same threshold of every model")
    visitor.all("#viewer-pictures button")[1].click()
    visitor.address("#mixed4a_3x3:12&compare")
    visitor.keys("c")
    visitor.all("#viewer-pictures button")[0].click()
    visitor.keys(Keys.ARROW_RIGHT)
    visitor.address("#mixed4a_3x3:13&picture=256")
    visitor.shows("over 512 steps", ".spark")
    visitor.keys(Keys.ARROW_LEFT)
    visitor.shows("over 256 steps", ".spark")
    visitor.all("#viewer-pictures button")[1].click()
    visitor.keys(Keys.ARROW_RIGHT)
    visitor.address("#mixed4a_3x3:13")
    assert not visitor.one("#viewer-pictures").is_displayed()
    visitor.keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    visitor.address("#mixed4a_3x3:11")
    visitor.keys("m")
    visitor.address("#mixed4a_3x3:11&model=adam")
    visitor.shows("Difference from imagenet", "aside .facts")


def zooms(visitor):
    visitor.open("#mixed4a_3x3:12")
    visitor.wait(visitor.is_open, "a deep link to open")
    visitor.keys("+", "+")
    visitor.shows("225%", "#zoom")
    visitor.keys("m")
    visitor.address("#mixed4a_3x3:12&model=adam")
    visitor.shows("225%", "#zoom")
    visitor.keys("0")
    visitor.shows("100%", "#zoom")
    visitor.run("""const stage = document.querySelector('.stage'), box = stage.getBoundingClientRect();
        stage.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true, deltaY: -700,
            clientX: box.left + 10, clientY: box.top + 10}));""")
    visitor.shows("406%", "#zoom")
    before = visitor.run("return document.querySelector('.stage img').style.transform")
    hand = ActionChains(visitor.browser, duration=20)
    hand.click_and_hold(visitor.one(".stage")).move_by_offset(-120, -90).release().perform()
    after = visitor.run("return document.querySelector('.stage img').style.transform")
    assert before != after and "scale(4.05" in after, (before, after)
    visitor.keep("neuron-zoomed")
    visitor.one("[data-act=close]").click()
    visitor.wait(lambda: not visitor.is_open(), "the neuron to close")


def compares(visitor):
    visitor.open("#mixed4a_3x3:12")
    visitor.wait(visitor.is_open, "a deep link to open")
    visitor.keys("c")
    visitor.address("#mixed4a_3x3:12&compare")
    visitor.wait(lambda: len(visitor.all(".many figure")) == 3, "three models side by side")
    visitor.pictures_loaded()
    assert [heading.text for heading in visitor.all(".many figure > figcaption > h3")] == [
        "imagenet", "adam", "adam-with-old-4a"]
    assert float(visitor.all(".many figure")[1].find_elements(By.CSS_SELECTOR, ".facts dd")[1].text) > 0
    visitor.keep("compare-1280-light")
    visitor.keys("+")
    zooms = visitor.run("return [...document.querySelectorAll('.stage img')].map(image => image.style.transform)")
    assert len(zooms) == 3 and len(set(zooms)) == 1 and "scale(1.5)" in zooms[0], zooms
    visitor.one("[data-act=next]").click()
    visitor.address("#mixed4a_3x3:13&compare")
    visitor.browser.refresh()
    visitor.wait(lambda: visitor.is_open() and len(visitor.all(".many figure")) == 3, "the same after a reload")
    visitor.open("#mixed4a_3x3:5&compare")
    visitor.shows("This picture failed.</script><script>document.title='harm'</script>",
                  ".many figure:nth-child(2) .message")
    visitor.open("#mixed4a_3x3:7&compare")
    visitor.shows("not there yet", ".many figure:nth-child(3) .message")
    visitor.keys(Keys.ESCAPE)
    visitor.wait(lambda: len(visitor.all("[data-place='7'] .tile")) == 3, "rows of three models")
    visitor.keep("compare-grid-1280-light")


def orders(visitor):
    visitor.open("#mixed4a_3x3")
    values = "return [...document.querySelectorAll('.cell')].sort((a, b) => a.dataset.place - b.dataset.place)" \
             ".map(cell => parseFloat(cell.querySelector('.caption > span').textContent)).filter(Number.isFinite)"
    for name, model in (("objective", "imagenet"), ("difference", "adam")):
        Select(visitor.one("#model")).select_by_visible_text(model)
        Select(visitor.one("#order")).select_by_value(name)
        visitor.shows(f"by {name}", "#summary")
        shown = visitor.run(values)
        assert len(shown) > 10 and shown == sorted(shown, reverse=True), shown
    visitor.address("#mixed4a_3x3&model=adam&order=difference")
    visitor.browser.refresh()
    visitor.shows("by difference", "#summary")
    assert visitor.run("return document.querySelector('#model').selectedOptions[0].textContent") == "adam"


def goes_back_and_forward(visitor):
    visitor.open("#conv2d0")
    visitor.run("document.querySelector('[data-layer=mixed4a_3x3]').click()")
    visitor.shows("mixed4a_3x3", "#layer-name")
    visitor.wait(lambda: visitor.all("[data-place='3'] button"), "the layer's grid")
    visitor.one("[data-place='3'] button").click()
    visitor.wait(visitor.is_open, "the neuron to open")
    visitor.browser.back()
    visitor.wait(lambda: not visitor.is_open(), "back to close it")
    visitor.browser.back()
    visitor.shows("conv2d0", "#layer-name")
    visitor.browser.forward()
    visitor.browser.forward()
    visitor.wait(visitor.is_open, "forward to open it again")
    visitor.address("#mixed4a_3x3:3")


def moves_by_keys(visitor):
    focused = "return document.activeElement.closest('.cell')?.dataset.place ?? document.activeElement.id"
    visitor.open("#mixed4a_3x3")
    visitor.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert visitor.run(focused) == "2", visitor.run(focused)
    visitor.keys(Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    columns = visitor.run("return grid.columns")
    assert visitor.run(focused) == str(columns + 1)
    outline = visitor.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "focus is visible"
    visitor.keys(Keys.ENTER)
    visitor.address(f"#mixed4a_3x3:{columns + 1}")
    visitor.keys(Keys.ARROW_RIGHT, Keys.ESCAPE)
    visitor.wait(lambda: visitor.run(focused) == str(columns + 2), "focus to return to the neuron looked at last")
    visitor.keys("c")
    visitor.address("#mixed4a_3x3&compare")
    visitor.keys("?")
    visitor.wait(lambda: visitor.is_open("#about"), "the keys")
    assert hostile in visitor.text("#parameters")
    visitor.keep("about")
    visitor.keys(Keys.ESCAPE)
    visitor.wait(lambda: not visitor.is_open("#about"), "the keys to close")
    visitor.run("document.querySelector('[aria-selected=true]').focus()")
    visitor.keys(Keys.ARROW_DOWN)
    visitor.address("#mixed4a_5x5&compare")
    visitor.shows("No picture of this layer is there yet.", "#empty")


def has_names_for_everything(visitor):
    visitor.open("#mixed4a_3x3:12&compare")
    visitor.wait(visitor.is_open, "a deep link to open")
    nameless = visitor.run("""return [...document.querySelectorAll('button, a, select, input, [role=img]')]
        .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim()))
        .map(e => e.outerHTML)""")
    assert nameless == [], nameless
    assert visitor.run("return [...document.images].every(image => image.hasAttribute('alt'))")


def is_dark_when_asked(visitor):
    ground = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    visitor.scheme("dark")
    visitor.open("#mixed4a_3x3")
    assert visitor.run(ground) < 50
    visitor.keep("grid-1280-dark")
    visitor.open("#mixed4a_3x3:12&compare")
    visitor.wait(visitor.is_open, "a deep link to open")
    visitor.keep("compare-1280-dark")
    visitor.open("#mixed4a_3x3")
    visitor.one("#theme").click()
    assert visitor.run(ground) > 200
    visitor.open("#mixed4a_3x3")
    assert visitor.run(ground) > 200, "the choice is kept"
    visitor.one("#theme").click()
    visitor.scheme("light")
    visitor.open("#mixed4a_3x3")
    assert visitor.run(ground) < 50
    visitor.one("#theme").click()


def fits_a_telephone(visitor):
    visitor.size(390, 844, mobile=True)
    fits = "return document.documentElement.scrollWidth <= window.innerWidth && window.innerWidth === 390"
    for name, hash in (("grid", "#mixed4a_3x3"), ("compare-grid", "#mixed4a_3x3&compare"),
                       ("neuron", "#mixed4a_3x3:12"), ("compare", "#mixed4a_3x3:12&compare")):
        visitor.open(hash)
        if ":" in hash:
            visitor.wait(visitor.is_open, "a deep link to open")
            assert visitor.run("const body = document.querySelector('#viewer-body');"
                               "return body.scrollWidth <= body.clientWidth"), name
        assert visitor.run(fits), (name, visitor.run("return [document.documentElement.scrollWidth, innerWidth]"))
        small = visitor.run("""return [...document.querySelectorAll('button, select, input')].filter(element => {
            const box = element.getBoundingClientRect();
            return box.width > 0 && (box.height < 40 || box.width < 40);
        }).map(element => element.outerHTML.slice(0, 80))""")
        assert small == [], small
        widths = visitor.run("return ['query', 'model', 'order'].map(id => document.getElementById(id).offsetWidth)")
        assert min(widths) >= 110, widths
        visitor.pictures_loaded()
        visitor.keep(f"{name}-390-light")
    pinches(visitor)
    visitor.scheme("dark")
    visitor.run("localStorage.removeItem('lucid-theme')")
    visitor.open("#mixed4a_3x3:12")
    visitor.wait(visitor.is_open, "a deep link to open")
    visitor.keep("neuron-390-dark")
    visitor.scheme("light")
    visitor.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def pinches(visitor):
    def touch(kind, *places):
        visitor.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {
            "type": kind, "touchPoints": [{"x": x, "y": 300, "id": int(x > 195)} for x in places]})

    visitor.open("#mixed4a_3x3:12")
    visitor.wait(visitor.is_open, "a deep link to open")
    visitor.pictures_loaded()
    touch("touchStart", 170, 220)
    for spread in range(10, 101, 10):
        touch("touchMove", 170 - spread, 220 + spread)
    touch("touchEnd")
    scale = visitor.run("return zoom.scale")
    # From 50 to 250 pixels apart.
    assert 4 < scale < 6, scale


def forgives(visitor):
    visitor.open("#nolayer:3&model=nobody&order=nothing&%")
    visitor.shows("conv2d0", "#layer-name")
    visitor.open("#mixed4a_3x3:999")
    visitor.shows("There is no picture of mixed4a_3x3:999.", "#answer")
    assert not visitor.is_open()


def shows_a_direction(visitor):
    visitor.open("#mixed5b_1x1:direction")
    visitor.wait(visitor.is_open, "a direction to open")
    assert visitor.one(".stage img").get_attribute("src").endswith("atlas/imagenet/mixed5b_1x1/direction.png")
    # What it appears with counts as hidden for a moment, so that the browser is asked for all text and not for what is seen.
    names = visitor.run("return [...document.querySelectorAll('.exemplars li bdi')].map(name => name.textContent)")
    assert len(names) == 4 and names[1].startswith("n01440764_"), names
    visitor.pictures_loaded()


def says_how_the_campaign_ended(visitor):
    # The same pictures, with another page beside them.
    for name in ("imagenet", "adam", "adam-with-old-4a", "images"):
        (root / "ended" / name).symlink_to(root / "atlas" / name)
    page = (root / "ended" / "index.html").as_uri()
    visitor.browser.get(page + "#mixed4a_3x3&model=adam-with-old-4a")
    visitor.wait(lambda: visitor.all(".cell"), "a grid")
    visitor.shows("159 of 1,024 made, 3 failed, cancelled", "#progress")
    visitor.shows("The campaign was cancelled, so this atlas is incomplete: it has 159 of 1,024 pictures.", "#notice")
    assert visitor.one("#notice").is_displayed()
    assert "so far" not in visitor.text("#progress")
    visitor.keep("grid-cancelled-1280-light")
    visitor.shows("1 not made", "#summary")
    visitor.run("document.querySelector('[data-layer=logits]').click()")
    visitor.shows("No picture of this layer was made.", "#empty")
    visitor.open()
    assert not visitor.one("#notice").is_displayed()


def holds_twenty_thousand(visitor):
    start = time.monotonic()
    visitor.browser.get((root / "large" / "index.html").as_uri())
    visitor.wait(lambda: visitor.all(".cell"), "a grid of 20,000")
    visitor.shows("20,000 neurons", "#summary")
    taken = time.monotonic() - start
    # It takes half a second; where it takes ten, nobody would wait.
    assert taken < 10, taken
    assert visitor.run("return document.querySelectorAll('*').length") < 1500
    visitor.keys(Keys.ARROW_RIGHT, Keys.END)
    visitor.wait(lambda: visitor.all("[data-place='19999']"), "the last neuron")
    assert visitor.run("return document.activeElement.closest('.cell').dataset.place") == "19999"
    assert len(visitor.all(".cell")) < 300
    visitor.run("window.scrollTo(0, document.body.scrollHeight / 2)")
    visitor.wait(lambda: visitor.run("const box = document.elementFromPoint(500, 500)?.closest('.cell'); return !!box"),
                 "neurons in the middle")
    visitor.search("12345")
    visitor.address("#wide:12345")


def main():
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGALRM, leave)
    signal.alarm(120)
    browser = open_browser()
    try:
        visitor = Visitor(browser)
        for step in (
            opens_with_its_first_layer, thumbnails_are_the_pictures, finds, follows_links, shows_a_neuron, zooms,
            compares, orders, goes_back_and_forward, moves_by_keys, has_names_for_everything, is_dark_when_asked,
            fits_a_telephone, forgives, shows_a_direction, says_how_the_campaign_ended,
            holds_twenty_thousand,
        ):
            print(f"{step.__name__} ...", file=sys.stderr, end=" ", flush=True)
            start = time.monotonic()
            step(visitor)
            visitor.no_errors()
            assert "harm" not in browser.title, "a name was taken for more than a name"
            print(f"{time.monotonic() - start:.1f} s", file=sys.stderr)
    finally:
        browser.quit()


main()
