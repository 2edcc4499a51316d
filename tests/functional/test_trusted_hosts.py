import pytest

from app.core.platform import Platform
from app.factory import create_app
from app.settings import Settings
from tests.conftest import SECRET

pytestmark = pytest.mark.functional


@pytest.mark.parametrize(
    ("host", "status"),
    [("baijing.example.org", 200), ("127.0.0.1:8000", 200), ("evil.example.net", 400)],
)
def test_a_forged_host_is_refused(
    settings: Settings, platform: Platform, host: str, status: int
) -> None:
    named = Settings(
        instance=settings.instance,
        secret_key=SECRET,
        trusted_hosts="baijing.example.org, www.baijing.example.org",
    )
    client = create_app(named, platform).test_client()
    assert client.get("/problems", base_url=f"http://{host}").status_code == status


def test_without_names_any_host_is_answered(settings: Settings, platform: Platform) -> None:
    client = create_app(settings, platform).test_client()
    assert client.get("/problems", base_url="http://anything.example.net").status_code == 200
