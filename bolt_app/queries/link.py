"""`link` and `unlink`: linking oneself, and undoing it."""

from dataclasses import dataclass

from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Verb
from bolt_app.linking.approvals import Approvals
from bolt_app.linking.sign_ins import SignIns
from bolt_app.linking.words import OFF
from bolt_app.replies.builder import Reply, build_reply
from shared.access.identity import Identity
from shared.slack.render.blocks import escape


@dataclass(frozen=True)
class LinkQuery:
    """Begins, finishes or undoes it for the person who typed it."""

    identity: Identity
    sign_ins: SignIns
    approvals: Approvals

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Do it. Raises `Declined` for who may not link themselves, and what the calls raise."""
        way = self.identity.config.linking
        if way == "off":
            return build_reply(f"{OFF} Ask {escape(self.identity.contact)}.")
        if parsed.verb is Verb.UNLINK:
            return await self.sign_ins.unlink(typed)
        if not parsed.text:
            return await (self.sign_ins if way == "oauth" else self.approvals).begin(typed.by)
        go_on = self.sign_ins.finish if way == "oauth" else self.approvals.ask
        return await go_on(typed, parsed.text)
