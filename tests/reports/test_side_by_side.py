from html.parser import HTMLParser

from peftline.reports.side_by_side import page

ROWS = [
    {"prompt": "Add 2 and 2.", "base": "five", "adapter": "4"},
    {"prompt": "Say hi.", "base": "hi", "adapter": "hi"},
]


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.texts.append(data)


def test_every_prompt_stands_above_both_answers(trained_lora, loud_base):
    read = Reader(page(ROWS, loud_base, trained_lora.handle))
    assert read.tags.count("article") == 2
    for row in ROWS:
        assert all(text in read.texts for text in row.values())
    assert read.texts.index("five") < read.texts.index("4")
    assert "".join(read.texts).count("Both answers are the same.") == 1


def test_what_models_and_people_write_is_text_not_markup(trained_lora, loud_base):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>&\"'"
    rows = [{"prompt": evil, "base": evil, "adapter": evil}]
    base = loud_base.model_copy(update={"id": evil})
    text = page(rows, base, trained_lora.handle.model_copy(update={"recipe": evil}))
    read = Reader(text)
    assert "script" not in read.tags
    assert "img" not in read.tags
    assert read.texts.count(evil) >= 3


def test_the_page_needs_nothing_from_elsewhere(trained_lora, loud_base):
    text = page(ROWS, loud_base, trained_lora.handle)
    assert Reader(text).links == []
    assert "default-src 'none'" in text
