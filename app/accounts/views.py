"""Pages about one's own account."""

from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app.accounts import operations, queries
from app.accounts.errors import ResetLinkError, SignUpClosedError, WrongCredentialsError
from app.accounts.forms import (
    LanguageForm,
    NameForm,
    PasswordForm,
    ResetForm,
    SignInForm,
    SignUpForm,
    TokenForm,
    place_error,
)
from app.accounts.identity import find_actor, get_actor
from app.accounts.sessions import authenticate, end_session, own_path, start_session
from app.accounts.throttling import throttle_secret, throttle_sign_in, throttle_sign_up
from app.accounts.tokens import hash_secret
from app.core.current import platform, settings
from app.core.errors import AppError
from app.core.i18n import Locale
from app.core.web import Access, access
from app.ui.i18n import LANG_COOKIE, current_locale

blueprint = Blueprint("accounts", __name__, template_folder="templates")


@blueprint.route("/sign-in", methods=["GET", "POST"])
@access(Access.ANYONE)
def sign_in() -> ResponseReturnValue:
    """Sign in; afterwards the page that was asked for."""
    form = SignInForm(next=http.args.get("next", ""))
    if find_actor() is not None:
        return redirect(own_path(form.next.data))
    if form.validate_on_submit():
        throttle_sign_in(form.email.data)
        try:
            user = authenticate(
                platform().database,
                form.email.data,
                form.password.data,
                production=settings().production,
            )
        except WrongCredentialsError as error:
            form.password.errors = (_(error.message),)
        else:
            start_session(user)
            return redirect(own_path(form.next.data), HTTPStatus.SEE_OTHER)
    return _page("accounts/sign_in.html", form, sign_up_open=settings().sign_up_open)


@blueprint.route("/sign-up", methods=["GET", "POST"])
@access(Access.ANYONE)
def sign_up() -> ResponseReturnValue:
    """Create an account and sign in."""
    if not settings().sign_up_open:
        raise SignUpClosedError
    form = SignUpForm(next=http.args.get("next", ""))
    if find_actor() is not None:
        return redirect(own_path(form.next.data))
    if form.validate_on_submit():
        throttle_sign_up()
        try:
            with platform().database.transaction() as session:
                user = operations.create_user(
                    session,
                    email=form.email.data,
                    name=form.name.data,
                    password=form.password.data,
                    now=platform().clock.now(),
                )
                user.locale = current_locale()
        except AppError as error:
            place_error(form, error)
        else:
            start_session(user)
            _greet(user.name, form.name.data)
            return redirect(own_path(form.next.data), HTTPStatus.SEE_OTHER)
    return _page("accounts/sign_up.html", form)


@blueprint.post("/sign-out")
@access(Access.MEMBER)
def sign_out() -> ResponseReturnValue:
    """Sign out here; other browsers stay signed in."""
    end_session()
    return redirect("/", HTTPStatus.SEE_OTHER)


@blueprint.get("/account")
@access(Access.MEMBER)
def profile() -> ResponseReturnValue:
    """Show one's account with the forms that change it."""
    return _profile(PasswordForm())


@blueprint.post("/account/name")
@access(Access.MEMBER)
def rename() -> ResponseReturnValue:
    """Call oneself otherwise; teams keep their names."""
    form = NameForm()
    if form.validate_on_submit():
        throttle_sign_in(get_actor().email)
        try:
            with platform().database.transaction() as session:
                user = operations.rename_self(
                    session, get_actor(), form.name.data, now=platform().clock.now()
                )
        except AppError as error:
            place_error(form, error)
        else:
            _greet(user.name, form.name.data)
            flash(_("Saved."), "success")
            return redirect(url_for("accounts.profile"), HTTPStatus.SEE_OTHER)
    return _profile(PasswordForm(formdata=None), form)


@blueprint.post("/account/language")
@access(Access.MEMBER)
def choose_language() -> ResponseReturnValue:
    """Remember the language of pages."""
    form = LanguageForm()
    response = make_response(redirect(url_for("accounts.profile"), HTTPStatus.SEE_OTHER))
    if form.validate_on_submit():
        with platform().database.transaction() as session:
            operations.choose_language(session, get_actor(), Locale(form.locale.data))
        # what this browser chose in passing must not outvote the account any more
        response.delete_cookie(LANG_COOKIE)
    return response


@blueprint.post("/account/password")
@access(Access.MEMBER)
def change_password() -> ResponseReturnValue:
    """Set a new password: every other browser is signed out, this one stays."""
    form = PasswordForm()
    if form.validate_on_submit():
        throttle_sign_in(get_actor().email)
        try:
            with platform().database.transaction() as session:
                user = operations.change_password(
                    session, get_actor(), form.present.data, form.password.data
                )
        except AppError as error:
            place_error(form, error)
        else:
            start_session(user)
            flash(_("Your password is changed. Other browsers are signed out."), "success")
            return redirect(url_for("accounts.profile"), HTTPStatus.SEE_OTHER)
    return _profile(form)


@blueprint.get("/account/tokens")
@access(Access.MEMBER)
def tokens() -> ResponseReturnValue:
    """List one's API tokens."""
    return _tokens(TokenForm())


@blueprint.post("/account/tokens")
@access(Access.MEMBER)
def create_token() -> ResponseReturnValue:
    """Make an API token and show it, this once."""
    form = TokenForm()
    if not form.validate_on_submit():
        return _tokens(form)
    with platform().database.transaction() as session:
        _row, text = operations.create_token(
            session, get_actor(), form.label.data, now=platform().clock.now()
        )
    return _tokens(TokenForm(formdata=None), created=text)


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@access(Access.MEMBER)
def revoke_token(token_id: int) -> ResponseReturnValue:
    """Make a token worthless."""
    with platform().database.transaction() as session:
        operations.revoke_token(session, get_actor(), token_id, now=platform().clock.now())
    flash(_("The token no longer works."), "success")
    return redirect(url_for("accounts.tokens"), HTTPStatus.SEE_OTHER)


@blueprint.route("/password/reset/<secret>", methods=["GET", "POST"])
@access(Access.ANYONE)
def reset_password(secret: str) -> ResponseReturnValue:
    """Set a new password with a link from the organisers."""
    throttle_secret()
    form, now = ResetForm(), platform().clock.now()
    if form.validate_on_submit():
        try:
            with platform().database.transaction() as session:
                operations.reset_password(session, secret, form.password.data, now=now)
        except ResetLinkError:
            raise
        except AppError as error:
            place_error(form, error)
        else:
            end_session()
            flash(_("Your password is set. Please sign in with it."), "success")
            return redirect(url_for("accounts.sign_in"), HTTPStatus.SEE_OTHER)
    with platform().database.reading() as session:
        reset = queries.find_reset(session, hash_secret(secret), now)
    if reset is None:
        raise ResetLinkError
    return _private(_page("accounts/reset_password.html", form, person=reset.user))


def _greet(name: str, wanted: str) -> None:
    """Say so when the name was taken and got a number."""
    if name != operations.parse_name(wanted):
        flash(_("Somebody here has your name already, so you appear as “%(name)s”.", name=name))


def _profile(form: PasswordForm, name: NameForm | None = None) -> Response:
    user = get_actor()
    language = LanguageForm(formdata=None, locale=user.locale or current_locale())
    naming = name or NameForm(formdata=None, name=user.name)
    page = _page("accounts/profile.html", form, user=user, language=language, naming=naming)
    if naming.errors:
        page.status_code = HTTPStatus.BAD_REQUEST
    return page


def _tokens(form: TokenForm, *, created: str | None = None) -> Response:
    with platform().database.reading() as session:
        rows = queries.list_tokens(session, get_actor())
    return _private(
        _page(
            "accounts/tokens.html", form, tokens=rows, created=created, most=operations.MOST_TOKENS
        )
    )


def _page(template: str, form: FlaskForm, **context: object) -> Response:
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return make_response(render_template(template, form=form, **context), status)


def _private(response: Response) -> Response:
    """Keep a page with a secret on it out of every cache."""
    response.headers["Cache-Control"] = "no-store"
    return response
