"""What people do with the platform, each action with its route and the policy that decides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.accounts.models import Role, User
from app.accounts.policy import can_give_role, can_manage_user, can_manage_users
from app.bulk.policy import can_act_in_bulk
from app.bundles.policy import can_import_bundle
from app.contests.policy import can_manage_contest, can_post_announcement
from app.discussions.models import Thread
from app.discussions.policy import can_mark_answer, can_moderate, can_write_post
from app.insights.policy import can_export_table, can_read_insights
from app.judging.policy import can_lift_sign_off, can_read_desk, can_sign_off
from app.overall.policy import can_edit_overall
from app.problems.models import Board, Problem, Stage
from app.problems.policy import (
    can_download_input,
    can_edit_problem,
    can_publish_problem,
    can_read_problem,
    can_read_staff_pages,
)
from app.rescoring.policy import (
    can_discard_rescore,
    can_publish_rescore,
    can_read_rescore,
    can_retry_rescore,
    can_stage_rescore,
)
from app.reviews.policy import can_answer, can_write_note
from app.similarity.policy import can_see_similarity
from app.submissions.models import Submission
from app.submissions.policy import (
    can_annotate_submission,
    can_cancel_submission,
    can_choose_submission,
    can_read_all_rows,
    can_read_board,
    can_read_submission,
    can_rerun_submission,
    can_retract_submission,
    can_submit,
)
from app.teams.models import Team
from app.teams.policy import can_compete, can_lead_team, can_manage_teams
from app.teamwork.policy import can_merge_teams

YES, NO, OWN = "yes", "–", "own"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
TEAM = 3


@dataclass(frozen=True)
class Situation:
    """Somebody before a problem with a hidden B, somebody's submission and team."""

    actor: User | None
    teams: frozenset[int]
    problem: Problem
    submission: Submission
    team: Team
    other: User

    @property
    def user(self) -> User:
        assert self.actor is not None
        return self.actor

    def stranger(self) -> "Situation":
        """The same where submission and team are somebody else's."""
        return replace(self, teams=frozenset(), team=Team(id=9, captain_id=99))


def situation(actor: User | None) -> Situation:
    return Situation(
        actor=actor,
        teams=frozenset({TEAM}),
        problem=_problem(),
        submission=Submission(id=1, team_id=TEAM),
        team=Team(id=TEAM, captain_id=7),
        other=User(id=8, role=Role.PARTICIPANT),
    )


def _problem(*, withdrawn: bool = False, visible_to: str = "all") -> Problem:
    opened = Stage(key=Board.A, opens_at=NOW - timedelta(days=1), closes_at=None)
    return Problem(
        stages=[opened, Stage(key=Board.B, opens_at=None, closes_at=None)],
        b_revealed_at=None,
        board_rules={"visible_to": visible_to},
        withdrawn_at=NOW if withdrawn else None,
    )


@dataclass(frozen=True)
class Action:
    """A row of the table. `also` names further routes that the same row speaks for."""

    title: str
    endpoint: str
    allowed: Callable[[Situation], bool] | None = None
    also: tuple[str, ...] = ()


ACTIONS = (
    Action("Read problems, statements, announcements", "problems.show"),
    Action("Read board A", "leaderboards.show"),
    Action(
        "Read board B before the reveal",
        "leaderboards.show",
        lambda at: can_read_board(at.actor, at.problem, Board.B),
    ),
    Action(
        "Read a withdrawn problem",
        "problems.show",
        lambda at: can_read_problem(at.actor, _problem(withdrawn=True)),
    ),
    Action("Create an account", "accounts.sign_up", also=("accounts.sign_in",)),
    Action("Set a password with a link from an organiser", "accounts.reset_password"),
    Action(
        "Change one's password and language, make API tokens",
        "accounts.create_token",
        also=(
            "accounts.sign_out",
            "accounts.revoke_token",
            "accounts.change_password",
            "accounts.choose_language",
        ),
    ),
    Action("Accept the rules, download data", "problems.accept_rules"),
    Action(
        "Download B's input before its stage opens",
        "problems.download",
        lambda at: can_download_input(at.actor, at.problem, Board.B, NOW),
    ),
    Action(
        "Submit, and try code",
        "submissions.create_post",
        lambda at: can_submit(at.user),
        also=(
            "submissions_api.create",
            "debug_runs.create_post",
            "submissions_api.create_debug",
            "submissions_api.hand_in",
            "arrivals.create",
            *(
                f"{blueprint}.{name}"
                for blueprint in ("uploads", "uploads_api")
                for name in ("create", "append", "cancel")
            ),
        ),
    ),
    Action(
        "Found, join and leave a team",
        "teams.create",
        lambda at: can_compete(at.user),
        also=("teams.join", "teams.leave"),
    ),
    Action(
        "Rename a team, renew its code, remove a member, hand over",
        "teams.rename",
        lambda at: can_lead_team(at.user, at.team),
        also=("teams.replace_code", "teams.remove_member", "teams.hand_over"),
    ),
    Action(
        "Read a submission, its log and file",
        "submissions.show",
        lambda at: can_read_submission(at.user, at.submission, at.teams),
    ),
    Action(
        "Cancel a submission",
        "submissions.cancel",
        lambda at: can_cancel_submission(at.user, at.submission, at.teams),
        also=("submissions_api.cancel",),
    ),
    Action(
        "Choose which submissions count in the end",
        "choices.create",
        lambda at: can_choose_submission(at.user, at.submission, at.teams),
        also=("choices.remove", "choices_api.create", "choices_api.remove"),
    ),
    Action(
        "Read every row of a board A that shows teams their own",
        "leaderboards.show",
        lambda at: can_read_all_rows(at.actor, _problem(visible_to="own"), Board.A),
    ),
    Action(
        "Read the staff overview, settings and publications",
        "problems_staff.show",
        lambda at: can_read_staff_pages(at.actor),
    ),
    Action(
        "Read the statistics, take them away",
        "insights.index",
        lambda at: can_read_insights(at.actor),
        also=("insights.show", "insights.table"),
    ),
    Action(
        "Take away teams, people, submissions and scores",
        "insights.export",
        lambda at: can_export_table(at.actor),
        also=("insights.exports",),
    ),
    Action("Read the list of all submissions", "submissions_staff.index"),
    Action(
        "Publish a pack",
        "problems_staff.upload",
        lambda at: can_publish_problem(at.actor),
    ),
    Action(
        "Change settings, open and close stages",
        "problems_staff.change",
        lambda at: can_edit_problem(at.actor, at.problem),
        also=("problems_staff.open_stage", "problems_staff.close_stage"),
    ),
    Action(
        "Reveal board B and the seed",
        "problems_staff.reveal_b",
        lambda at: can_edit_problem(at.actor, at.problem),
        also=("problems_staff.reveal_seed",),
    ),
    Action(
        "Put teams into divisions, disqualify and reinstate them",
        "leaderboards_staff.change",
        lambda at: can_edit_problem(at.actor, at.problem),
        also=("leaderboards_staff.disqualify", "leaderboards_staff.reinstate"),
    ),
    Action(
        "Set up boards over several problems",
        "overall_staff.create",
        lambda at: can_edit_overall(at.actor),
        also=("overall_staff.index", "overall_staff.edit", "overall_staff.remove"),
    ),
    Action(
        "Write a note to a submission",
        "own_submissions.note",
        lambda at: can_annotate_submission(at.user, at.submission, at.teams),
    ),
    Action(
        "Retract a submission",
        "submissions_staff.retract",
        lambda at: can_retract_submission(at.user),
    ),
    Action(
        "Have a submission evaluated again",
        "submissions_staff.rerun",
        lambda at: can_rerun_submission(at.user),
    ),
    Action(
        "Evaluate, score or retract many submissions at once",
        "bulk.plan",
        lambda at: can_act_in_bulk(at.actor),
        also=("bulk.confirm", "bulk.weigh", "bulk.stop", "bulk.discard", "bulk.show"),
    ),
    Action(
        "Bring a competition of another platform",
        "bundles_staff.upload",
        lambda at: can_import_bundle(at.actor),
    ),
    Action(
        "Follow a re-score and see whom it moves, board B included",
        "rescoring.show",
        lambda at: can_read_rescore(at.actor),
        also=("rescoring.index", "rescoring.status"),
    ),
    Action(
        "Stage a re-score, try it again, discard it",
        "rescoring.stage",
        lambda at: (
            can_stage_rescore(at.actor)
            and can_retry_rescore(at.actor)
            and can_discard_rescore(at.actor)
        ),
        also=("rescoring.retry", "rescoring.discard"),
    ),
    Action(
        "Publish a re-score with its announcement",
        "rescoring.publish",
        lambda at: can_publish_rescore(at.actor),
    ),
    Action(
        "Read the review desk",
        "judging.index",
        lambda at: can_read_desk(at.user),
        also=("judging.show", "judging.entry", "judging.code"),
    ),
    Action(
        "See which entries of different teams are alike",
        "similarity.index",
        lambda at: can_see_similarity(at.user),
        also=("similarity.pair",),
    ),
    Action(
        "Write notes on a submission, ask its team, recommend",
        "judging.note",
        lambda at: can_write_note(at.user),
        also=("judging.recommend",),
    ),
    Action(
        "Answer a judge's question",
        "questions.answer",
        lambda at: can_answer(at.user, at.submission, at.teams),
        also=("questions.show",),
    ),
    Action("Sign a board off", "judging.sign_off", lambda at: can_sign_off(at.user)),
    Action("Lift the sign-off of a board", "judging.lift", lambda at: can_lift_sign_off(at.user)),
    Action("Read contests, their terms and dates", "contests.show"),
    Action(
        "Make, change, clone and archive contests; set the stages of all their problems",
        "contests_setup.create",
        lambda at: can_manage_contest(at.actor),
        also=(
            "contests_setup.edit",
            "contests_setup.archive",
            "contests_setup.reopen",
            "contests_setup.set_stages",
        ),
    ),
    Action(
        "Write a problem’s statement",
        "problems_statement.save",
        lambda at: can_edit_problem(at.actor, at.problem),
        also=("problems_statement.preview",),
    ),
    Action(
        "Put a problem on the site, take it off, archive and clone it",
        "problems_lifecycle.change",
        lambda at: can_edit_problem(at.actor, at.problem),
        also=("problems_lifecycle.clone",),
    ),
    Action(
        "Look at the schedule, and at a problem as a team does",
        "problems_lifecycle.schedule",
        lambda at: can_read_staff_pages(at.actor),
    ),
    Action(
        "Publish an announcement, correct one",
        "contests_staff.create",
        lambda at: can_post_announcement(at.actor),
        also=("problems_staff.announce", "contests_staff.correct"),
    ),
    Action(
        "Write in a discussion",
        "discussions.create_post",
        lambda at: can_write_post(at.actor),
        also=("discussions.reply",),
    ),
    Action("Call oneself otherwise", "accounts.rename"),
    Action(
        "Invite people, say where the team is from",
        "teams.invite",
        lambda at: can_lead_team(at.user, at.team),
        also=("teams.declare_affiliation",),
    ),
    Action(
        "Answer an invitation",
        "teams.accept_invitation",
        lambda at: can_compete(at.user),
        also=("teams.dismiss_invitation",),
    ),
    Action(
        "Let everybody read one's name on the team's page",
        "teams.show_name",
        lambda at: can_compete(at.user),
    ),
    Action(
        "Ask to merge teams, accept, decline",
        "teamwork.accept",
        lambda at: can_lead_team(at.user, at.team) and can_merge_teams(at.problem, NOW),
        also=("teamwork.ask", "teamwork.dismiss"),
    ),
    Action("Follow a discussion", "discussions.follow"),
    Action(
        "Mark an answer in a discussion",
        "discussions.answer",
        lambda at: can_mark_answer(at.actor, Thread(author_id=at.team.captain_id)),
    ),
    Action(
        "Pin a discussion, hide a post with a reason",
        "discussions.pin",
        lambda at: can_moderate(at.actor),
        also=("discussions.hide",),
    ),
    Action(
        "Read notifications, choose how to be told of what",
        "notifications.read_all",
        also=("notifications.choose",),
    ),
    Action(
        "Find teams of all problems and their members",
        "teams_staff.index",
        lambda at: can_read_staff_pages(at.actor),
    ),
    Action(
        "Approve a team, take that back, move somebody to another team",
        "teams_staff.approve",
        lambda at: can_manage_teams(at.actor),
        also=("teams_staff.take_back", "teams_staff.move"),
    ),
    Action("Stop mails with the link in one of them", "mails.stop_mails"),
    Action("List people", "accounts_staff.index", lambda at: can_manage_users(at.user)),
    Action(
        "Disable a participant or judge, hand them a password link",
        "accounts_staff.disable",
        lambda at: can_manage_user(at.user, at.other),
        also=("accounts_staff.enable", "accounts_staff.create_reset_link"),
    ),
    Action(
        "The same for an organiser or administrator",
        "accounts_staff.disable",
        lambda at: can_manage_user(at.user, User(id=8, role=Role.ORGANISER)),
    ),
    Action(
        "Make a participant a judge, and back",
        "accounts_staff.change_role",
        lambda at: can_give_role(at.user, at.other, Role.JUDGE),
    ),
    Action(
        "Make somebody an organiser or administrator",
        "accounts_staff.change_role",
        lambda at: can_give_role(at.user, at.other, Role.ORGANISER),
    ),
    Action(
        "Read, check and export the audit log",
        "audit_staff.index",
        also=("audit_staff.verify", "audit_staff.export"),
    ),
)
