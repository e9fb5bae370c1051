"""What may stand in a page."""

import pytest

from privdom_kit.report.sanitise import clean_html, markdown_html, scrub


@pytest.mark.parametrize(
    ("attack", "left"),
    [
        ("a<script>alert(1)</script>b", "ab"),
        ("<style>p{background:url(//x)}</style>b", "b"),
        ('<p onclick="a()">b</p>', "<p>b</p>"),
        ('<p style="background:url(//x)">b</p>', "<p>b</p>"),
        ('<a href="javascript:a()">b</a>', "<a>b</a>"),
        ('<a href="data:text/html,b">b</a>', "<a>b</a>"),
        ('<iframe src="//x">b</iframe>', "b"),
        ('<img src="https://x/p.png" alt="p">', '<img alt="p">'),
        ("<form action='//x'><input name=a>b</form>", "b"),
        ("<script>a()", "a()"),
        ("<!-- x -->b", "b"),
    ],
)
def test_harmful_markup_goes(attack: str, left: str) -> None:
    """Attacks of the OWASP XSS filter evasion list, one of each family."""
    assert clean_html(attack) == left


def test_the_markup_of_a_finding_stays() -> None:
    html = (
        '<section class="finding" id="a"><table><caption>c</caption><tr><th scope="row">x</th>'
        '<td class="number"><abbr title="t">–</abbr></td></tr></table></section>'
    )
    assert clean_html(html).replace("<tbody>", "").replace("</tbody>", "") == html


def test_an_embedded_picture_stays() -> None:
    html = '<img alt="p" src="data:image/png;base64,AAAA">'
    assert clean_html(html) == html


def test_raw_html_in_markdown_is_shown_as_text() -> None:
    html = markdown_html("A <b>bold</b> <script>alert(1)</script>\n\n<div onclick=a()>x</div>")
    assert "<b>" not in html
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;div onclick=a()&gt;" in html


def test_markdown_makes_no_request_and_no_script_link() -> None:
    html = markdown_html("![chart](https://x/p.png) [a](javascript:a()) **b**")
    assert "https://x" not in html
    assert "javascript" not in html
    assert "<strong>b</strong>" in html


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("open /home/kim/clients/a.csv now", "open a.csv now"),
        ('client = "/srv/a/client.yml"', 'client = "client.yml"'),
        (r"C:\Users\kim\a.csv is bad", "a.csv is bad"),
        ("~/clients/brand/a.csv", "a.csv"),
        ("/home/金/客户/订单.csv：第 3 行", "订单.csv：第 3 行"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("exports/orders.csv", "exports/orders.csv"),
        ("3 / 4 and 1/2", "3 / 4 and 1/2"),
    ],
)
def test_local_paths_are_cut_to_their_last_part(text: str, left: str) -> None:
    assert scrub(text) == left
