"""The main job as people do it, in a real browser against real processes."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import Arrive
from tests.browser.packs import zip_pack
from tests.browser.site import JUDGE, MEMBER, ORGANISER, PASSWORD, Site
from tests.browser.visitor import CHINESE, DESKTOP, ENGLISH, PHONE, Visitor, Words
from tests.recovery.installation import PERFECT, wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.redis,
    pytest.mark.bubblewrap,
    pytest.mark.enable_socket,
]
SAMPLE = "sample_predictions.csv"
WITHIN_A_MINUTE = 60_000


@pytest.mark.parametrize(
    ("words", "size", "name"),
    [
        pytest.param(CHINESE, DESKTOP, "阿凡提·买买提", id="desktop-zh"),
        pytest.param(ENGLISH, PHONE, "Grace of the Phone", id="phone-en"),
    ],
)
def test_a_team_goes_from_sign_up_to_a_rank(
    site: Site, arrive: Arrive, tmp_path: Path, words: Words, size: tuple[int, int], name: str
) -> None:
    visitor = arrive(words, size)
    page = visitor.page
    rank = site.count_teams() + 1  # all hand in the same answer; of equals the earlier is first
    visitor.sign_up(name, f"{size[0]}@example.org", PASSWORD)
    _look(visitor, "/")
    _look(visitor, "/problems")
    page.locator('main a[href="/problems/tiny"]').first.click()

    visitor.button(words.accept_rules).click()
    with page.expect_download() as waiting:
        visitor.link(SAMPLE).click()
    sample = tmp_path / SAMPLE
    waiting.value.save_as(sample)
    assert sample.read_text().startswith("id,label\n")
    _look(visitor, "/problems/tiny")

    page.locator('main a[href="/problems/tiny/submit"].button').first.click()
    page.get_by_label(words.file, exact=True).set_input_files(sample)
    assert visitor.overflow() == 0
    with site.worker_held():
        visitor.button(words.submit).click()
        expect(visitor.state(words.queued)).to_be_visible()
        visitor.mark()
    expect(visitor.state(words.scored)).to_be_visible(timeout=WITHIN_A_MINUTE)
    assert visitor.is_marked(), "the page was reloaded"
    assert visitor.overflow() == 0

    page.get_by_role("main").get_by_role("link", name=words.board, exact=True).first.click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row.locator("td").first).to_have_text(str(rank))
    _look(visitor, "/problems/tiny/leaderboard")
    _look(visitor, "/submissions")


def test_without_scripts_everything_works(site: Site, arrive: Arrive) -> None:
    visitor = arrive(javascript=False)
    visitor.sign_up("Plain Reader", "plain@example.org", PASSWORD)
    visitor.open("/problems/tiny/submit")
    visitor.page.get_by_label("File", exact=True).set_input_files(_csv(PERFECT))
    visitor.button("Submit").click()
    visitor.page.wait_for_url("**/submissions/*")

    def is_scored() -> bool:
        visitor.page.reload()
        return visitor.state("scored").is_visible()

    wait_for(is_scored, "the submission is scored")
    assert visitor.page.locator("#scores").is_visible()


def test_a_refused_answer_names_the_line(site: Site, arrive: Arrive) -> None:
    visitor = arrive(CHINESE)
    visitor.sign_in(MEMBER, PASSWORD)
    visitor.open("/problems/tiny/submit")
    wrong = PERFECT.replace("r2,bad", "r2,rusty")
    visitor.page.get_by_label("文件", exact=True).set_input_files(_csv(wrong))
    # the browser has looked at the rows before anything is sent
    expect(visitor.page.locator("[data-check] li")).to_contain_text("第 3 行")
    visitor.button("提交").click()
    refusal = visitor.page.get_by_role("alert")
    expect(refusal).to_contain_text("rusty")
    expect(refusal).to_contain_text("3")
    # the browser itself writes the refusal (422) into its console; nothing else may stand there
    (complaint,) = visitor.complaints
    assert "422" in complaint
    visitor.complaints.clear()


def test_one_can_sign_in_with_the_keyboard_alone(site: Site, arrive: Arrive) -> None:
    visitor = arrive()
    visitor.open("/")
    _tab_to(visitor, "a[href^='/sign-in']")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/sign-in*")
    _tab_to(visitor, "input[type=email]")
    visitor.page.keyboard.type(MEMBER)
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.type(PASSWORD)
    _tab_to(visitor, "main button[type=submit]")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(f"{site.address}/")
    expect(visitor.page.locator("header .menu__name")).to_have_text("Anne-Marie O’Neill")


def test_an_organiser_publishes_runs_and_reveals(
    site: Site, arrive: Arrive, tmp_path: Path
) -> None:
    organiser, judge, member = arrive(), arrive(), arrive()
    organiser.sign_in(ORGANISER, PASSWORD)
    judge.sign_in(JUDGE, PASSWORD)
    member.sign_in(MEMBER, PASSWORD)
    hidden = member.page.get_by_text("Board B is hidden until the organisers reveal it.")
    board_b = "/problems/uploaded/leaderboard?board=B"

    _publish(organiser, site, zip_pack("uploaded", tmp_path))
    organiser.open("/staff/problems/uploaded/publish")
    organiser.button("Publish the problem").click()
    _open_stage_a(organiser)
    judge.open(board_b)
    expect(judge.page.get_by_text("Not revealed: staff alone see this.")).to_be_visible()
    expect(judge.page.locator("table.board")).to_be_visible()
    member.open(board_b)
    expect(hidden).to_be_visible()
    assert member.page.locator("table.board").count() == 0

    organiser.open("/staff/problems/uploaded")
    organiser.button("Close now").click()
    expect(organiser.page.get_by_text("The stage is closed.")).to_be_visible()
    member.open("/problems/uploaded/submit")
    expect(member.page.get_by_text("This problem takes no submissions now.")).to_be_visible()
    _open_stage_a(organiser)
    member.open("/problems/uploaded/submit")
    expect(member.button("Submit")).to_be_visible()

    organiser.link("Reveal board B…").click()
    organiser.button("Reveal board B").click()
    expect(organiser.page.get_by_text("Board B is revealed.")).to_be_visible()
    member.open(board_b)
    expect(hidden).to_have_count(0)
    expect(member.page.locator("table.board")).to_be_visible()


def _open_stage_a(organiser: Visitor) -> None:
    head = organiser.page.get_by_role("rowheader", name="A", exact=True)
    stage_a = organiser.page.get_by_role("row").filter(has=head)
    stage_a.get_by_role("button", name="Open now").click()
    expect(organiser.page.get_by_text("The stage is open.")).to_be_visible()


def _publish(organiser: Visitor, site: Site, pack: Path) -> None:
    """Upload a pack and watch it become a problem, without a reload."""
    organiser.open("/staff/publications")
    organiser.page.locator("input[type=file]").set_input_files(pack)
    with site.worker_held():
        organiser.button("Upload and check").click()
        expect(organiser.state("queued")).to_be_visible()
        organiser.mark()
    steps = organiser.page.locator(".steps__item")
    expect(steps.first).to_be_visible(timeout=WITHIN_A_MINUTE)
    expect(organiser.state("published")).to_be_visible(timeout=WITHIN_A_MINUTE)
    assert organiser.is_marked(), "the page was reloaded"
    texts = steps.all_inner_texts()
    assert len(texts) > 8
    assert all("passed" in text for text in texts), texts


def _csv(text: str) -> FilePayload:
    return FilePayload(name="mine.csv", mimeType="text/csv", buffer=text.encode())


def _look(visitor: Visitor, path: str) -> None:
    """Open a page; it must fit its window."""
    visitor.open(path)
    assert visitor.overflow() == 0, path


def _tab_to(visitor: Visitor, selector: str) -> None:
    """Press Tab until what the selector names has the focus."""
    for _ in range(40):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"Tab does not reach {selector}")
