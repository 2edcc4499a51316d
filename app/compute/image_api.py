"""What an image has, for programs."""

from http import HTTPStatus

from flask import Blueprint

from app.compute.images import get_manifest
from app.core.api import Operation, Output, endpoint
from app.core.i18n import N_
from app.core.web import API_PREFIX, Access, access
from sandbox.manifest import Manifest

blueprint = Blueprint("images_api", __name__, url_prefix=f"{API_PREFIX}/images")


class PackageOutput(Output):
    """A Python package. `imports` are the names a program imports."""

    name: str
    version: str
    licence: str
    summary: str
    imports: list[str]
    extras: list[str]


class SystemPartOutput(Output):
    """What an image has beside Python packages."""

    name: str
    licence: str
    note: str


class ImageOutput(Output):
    """Everything a program can count on in one image."""

    name: str
    pythons: list[str]
    packages: list[PackageOutput]
    system: list[SystemPartOutput]


@blueprint.get("/<name>")
@endpoint(
    Operation(
        summary=N_("Read what an image has: packages, versions, licences"),
        returns=ImageOutput,
        errors=(HTTPStatus.NOT_FOUND,),
    )
)
@access(Access.MEMBER)
def show(name: str) -> ImageOutput:
    """Describe an image's packages."""
    return describe_image(get_manifest(name))


def describe_image(manifest: Manifest) -> ImageOutput:
    """Return a manifest as the API says it."""
    return ImageOutput(
        name=manifest.image,
        pythons=list(manifest.pythons),
        packages=[
            PackageOutput(
                name=package.name,
                version=package.version,
                licence=package.licence,
                summary=package.summary,
                imports=list(package.imports),
                extras=list(package.extras),
            )
            for package in manifest.packages
        ],
        system=[
            SystemPartOutput(name=part.name, licence=part.licence, note=part.note)
            for part in manifest.system
        ],
    )
