"""Imports and makes the schemas that each worker and receiver needs, in the process that they are forked from."""

from shared.importing import importing

# A collection in a forked process need not look through all this, which would copy its memory.
with importing():
    import httpcore2  # noqa: F401 -- what httpx2 imports with its first client

    import bolt_app.worker  # noqa: F401
    import webhook_receiver.receiver  # noqa: F401
    from bolt_app.worker_store import Store
    from shared.store.redis import connect
    from tests.stories import durations  # noqa: F401

    # The schemas of all stored documents are made with the first store. Nothing is sent.
    Store.on(connect("redis://127.0.0.1:0/0"), lease=1.0)
