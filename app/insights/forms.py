"""The form of a table to take away."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from app.core.tables import TableFormat
from app.insights.tables import RECORDS


class ExportForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Which table, about which problem, as what."""

    table = RadioField(
        _l("Table"),
        choices=[SelectChoice(name, _l(table.title)) for name, table in RECORDS.items()],
        validators=[InputRequired()],
    )
    problem = SelectField(_l("Problem"), choices=[], validate_choice=False)
    format = RadioField(
        _l("Format"),
        choices=[
            SelectChoice(TableFormat.XLSX.value, _l("XLSX, for spreadsheets")),
            SelectChoice(TableFormat.CSV.value, _l("CSV with a byte-order mark")),
        ],
        default=TableFormat.XLSX.value,
        validators=[InputRequired()],
    )
