"""
A Slack and a PagerDuty in the browser, with the real bridge between them: `make play`.

Both simulators run in this process, receiver, worker and Valkey as processes of their own. People press, fill in and
type on one page, which also shows what goes from whom to whom, lets things break, and says whether the promises hold.
"""
