"""The form of an import. What is allowed is decided by the operations; forms only carry text."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import Length, Regexp

from app.bundles.wishes import Wish
from app.ui.words import AREAS
from problems.bundles.writing import Choices
from problems.spec import Area


class BundleForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """An uploaded bundle, and what it does not say."""

    bundle = FileField(_l("Bundle (zip)"), validators=[FileRequired()])
    slug = StringField(
        _l("Name in addresses; without it, the title"),
        validators=[Regexp(r"^(|[a-z0-9][a-z0-9-]{1,48}[a-z0-9])$")],
    )
    area = SelectField(
        _l("Area"), choices=[SelectChoice(area.value, _l(AREAS[area])) for area in Area]
    )
    licence = StringField(
        _l("Licence of the data"), default=Choices().licence, validators=[Length(min=1, max=200)]
    )
    is_update = BooleanField(_l("Give problems of this name a new revision"))
    only_looks = BooleanField(_l("Only say what would be made of it"))

    def as_wish(self) -> Wish:
        """Return what was chosen."""
        choices = Choices(
            slug=(self.slug.data or "").strip(),
            area=Area(self.area.data),
            licence=(self.licence.data or "").strip(),
        )
        return Wish(choices, is_update=bool(self.is_update.data))
