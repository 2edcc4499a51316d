"""The page of an image: what a program finds when it runs."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.compute.images import WANTED, get_manifest
from app.core.web import Access, access

blueprint = Blueprint("images", __name__, template_folder="templates", url_prefix="/images")


@blueprint.get("/<name>")
@access(Access.ANYONE)
def show(name: str) -> ResponseReturnValue:
    """List an image's packages: those people ask for by what for, then what these bring."""
    manifest = get_manifest(name)
    groups = {
        title: [manifest.by_name[wanted] for wanted in names if wanted in manifest.by_name]
        for title, names in WANTED.items()
    }
    shown = {package.name for packages in groups.values() for package in packages}
    rest = [package for package in manifest.packages if package.name not in shown]
    return render_template("compute/image.html", manifest=manifest, groups=groups, rest=rest)
