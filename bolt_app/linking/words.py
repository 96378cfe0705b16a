"""Pure: the texts for people who link themselves, and for the admins who approve it."""

from collections.abc import Sequence
from dataclasses import replace

from bolt_app.commands.verbs import Verb
from bolt_app.replies.builder import Reply, as_code, build_reply
from shared.model.actions import SPECS
from shared.model.command import Command
from shared.model.ids import SlackUserId
from shared.model.link import MOST_ASKED, Claim, LinkRequest
from shared.slack.api.models import SlackPerson
from shared.slack.render.blocks import Block, escape
from shared.slack.render.buttons import APPROVE_LINK, LINK, REJECT_LINK

OFF = "People can't link themselves here."
NOT_READY = "Signing in to PagerDuty isn't set up yet."
NONE_WAITING = "You have no sign-in under way, or it is older than five minutes."
UNANSWERED = (
    "PagerDuty hasn't said yet who you are. If your browser shows a code, try again in a moment; if not, sign in first."
)
LONGEST_VISITOR = 200
"""Characters of who signs in."""
NO_LINK = "You haven't linked yourself, so there is nothing to undo."


def visitor_text(person: SlackPerson) -> str:
    """Return who signs in, for their browser: first the address or id, because anyone can choose their own name."""
    known = f"{person.email} ({person.id})" if person.email and person.email_confirmed else person.id
    text = f"{known}, named {person.name}" if person.name else known
    # Without control characters, such as those that change the reading direction.
    return "".join(filter(str.isprintable, text))[:LONGEST_VISITOR]


def begin_reply(address: str, *, with_press: bool) -> Reply:
    """Reply with where to sign in; `with_press` if a refused press goes on afterwards."""
    then = " What you pressed is then carried out." if with_press else ""
    text = (
        "Sign in to PagerDuty within five minutes. Your browser then shows a code to type here. "
        f"Don't pass this link on: it is for your Slack account.{then}"
    )
    press: Block = {
        "type": "button",
        "action_id": f"{LINK}:0",
        "style": "primary",
        "text": {"type": "plain_text", "text": "Sign in to PagerDuty"},
        "url": address,
    }
    # Where there are no buttons, the address itself.
    return replace(build_reply(text, press=[press]), text=f"{text}\n<{address}|Sign in to PagerDuty>")


NO_SUCH_USER = "No PagerDuty user, or more than one, has that e-mail address."
CHECK_ADDRESS = "Check it in your PagerDuty profile"
ASKED_ALREADY = "An admin has been asked already, and hasn't decided yet."
NO_ADMIN = "Only the admins that `bridge.toml` names can decide this, and no one about themselves."
LEAVE_IT = "Leave it to another admin"
DECIDED = "This is decided already, or was asked more than a day ago. Nothing changed."


def which_user_text(command: str) -> str:
    """Return what a person types to ask an admin."""
    line = as_code(f"{command} {Verb.LINK} you@example.com")
    return f"Type {line} with the e-mail address of your PagerDuty user. An admin then decides."


def asking_reply(person: SlackPerson, request: LinkRequest, claim: Claim) -> Reply:
    """Ask an admin whether a person is that PagerDuty user."""
    address = f", {escape(person.email)} in Slack" if person.email else ""
    text = (
        f"<@{person.id}> ({escape(person.name)}{address}) asks to be linked to PagerDuty user *{escape(claim.name)}* "
        f"({escape(claim.email)}), and would act in that name. Approve only if you know that they are the same person."
    )
    press: list[Block] = [
        {
            "type": "button",
            "action_id": action_id,
            "text": {"type": "plain_text", "text": label},
            "value": f"{request.slack} {request.state}",
        }
        for action_id, label in ((APPROVE_LINK, "Approve"), (REJECT_LINK, "Reject"))
    ]
    return build_reply(text, press=press)


def asked_text(claim: Claim, admins: Sequence[SlackUserId]) -> str:
    """Return who was asked."""
    whom = " and ".join(f"<@{admin}>" for admin in admins)
    user = f"*{escape(claim.name)}* ({escape(claim.email)})"
    return f"Asked {whom} to link you to {user} in PagerDuty. You are told what they decide."


def asked_too_often_text(contact: str) -> str:
    """Return that the admins are not asked once more."""
    return (
        f":no_entry: The admins were *not* asked: you have asked {MOST_ASKED} times within the hour. "
        f"Wait for their decision, or ask {escape(contact)}."
    )


def none_asked_text(contact: str) -> str:
    """Return that no admin could be asked."""
    return f":warning: No admin could be asked. Ask {escape(contact)}."


def approved_by_text(admin: SlackUserId) -> str:
    """Return who approved a link."""
    return f"<@{admin}> approved it."


def rejected_text(admin: SlackUserId) -> str:
    """Return that a person is not linked."""
    return f":no_entry: <@{admin}> rejected your request to be linked to that PagerDuty user."


def you_approved_text(request: LinkRequest, claim: Claim) -> str:
    """Return to an admin what they did."""
    return (
        f":white_check_mark: You approved it: <@{request.slack}> is now linked to {escape(claim.email)} in PagerDuty."
    )


def you_rejected_text(request: LinkRequest) -> str:
    """Return to an admin what they did."""
    return f":no_entry: You rejected it: <@{request.slack}> is not linked."


def linked_text(claim: Claim, command: str) -> str:
    """Return that a person is linked now."""
    undo = f"{as_code(f'{command} {Verb.UNLINK}')} undoes it."
    return (
        f":white_check_mark: You are now linked to *{escape(claim.name)}* ({escape(claim.email)}) in PagerDuty. {undo}"
    )


def wrong_code_text(left: int, command: str) -> str:
    """Return that it is not the code that the browser shows, and how often it can still be typed."""
    if not left:
        return f"That isn't the code, and this sign-in is over. {again_text(command)}"
    return f"That isn't the code that your browser shows. You have {left} {'try' if left == 1 else 'tries'} left."


def again_text(command: str) -> str:
    """Return how to begin anew."""
    return f"{as_code(f'{command} {Verb.LINK}')} begins a new one."


def again_step(quoted: str) -> str:
    """Return the next step after a sign-in that failed."""
    return f"Run the `link` command again (reference `{quoted}`)"


def going_on_text(command: Command) -> str:
    """Return that the press which led to the link is carried out now."""
    return f"Your {_noun(command)}, which was refused before, is on its way to PagerDuty."


def too_old_text(command: Command) -> str:
    """Return that the press is too old to be carried out."""
    return f"Your {_noun(command)} is older than five minutes, so it was *not* sent. Press again if it is still needed."


def not_kept_text(command: Command) -> str:
    """Return that the press could not be stored."""
    return f":warning: Your {_noun(command)} could not be saved, so it was *not* sent. Press again."


def unlinked_text(email: str) -> str:
    """Return that a person is not linked any more by what they did."""
    return f"You are no longer linked to {escape(email)} in PagerDuty."


def _noun(command: Command) -> str:
    return SPECS[command.action].words.noun.format(it=f"incident {escape(command.label)}".strip())
