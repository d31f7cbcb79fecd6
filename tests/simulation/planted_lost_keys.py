"""Bugs of keys whose change was lost or came late, and of what an exclusion leaves behind.

Decides which lines of the product are broken, one bug at a time.
"""

from typing import Final

from simulation.bugs import HUB, NODE, Bug

_FILES: Final = "node/src/carnet_node/adapters/rotating.py"
_BEGUN: Final = ("A1 calm round", "A1 new", "A1 calm round x2", "A1 take image")
_LOST: Final = ("A1 rotate key", "A1 restore database", "A1 calm round", "A1 rotate key", "A1 restore database")
_OFFLINE: Final = (*_BEGUN, *_LOST, "A1 work offline", "A1 new x2")
_LATE: Final = (
    *_BEGUN,
    *("A1 rotate key", "A1 stick out", "A1 restore database", "A1 calm round", "A1 rotate key", "A1 new"),
    "hub stick at hub",
)

LOST_KEY_BUGS: Final = (
    Bug(
        "node: keys in doubt go before the hub has answered",
        "I18",
        _FILES,
        "            return\n        is_pending, is_kept, own = is_change_pending(tx), is_change",
        "            pass\n        is_pending, is_kept, own = is_change_pending(tx), not is_change",
        script=(*_BEGUN, *_LOST, "A1 restart", "A1 calm round"),
    ),
    Bug(
        "node: a bundle in doubt is signed with the newest key",
        "I18",
        NODE + "log/signing.py",
        "    if is_key_in_doubt(tx):\n        return False\n    change = _last_change(tx)\n",
        "    change = _last_change(tx)\n",
        script=(*_BEGUN, *_LOST, "A1 stick trips"),
    ),
    Bug(
        "node: the key that the hub answered to does not sign again",
        "I18",
        NODE + "log/newer_keys.py",
        "    tx.put_setting(OWN_KEY_ID, taken)\n",
        "",
        script=(*_BEGUN, *_LOST, "A1 calm round", "A1 new", "A1 calm round"),
    ),
    Bug(
        "node: what a lost key has signed is not sealed again",
        "I18",
        NODE + "line/session.py",
        "    if seal_keys(tx) not in (before, before[-1:]):",
        "    if seal_keys(tx) in ():",
        script=(*_OFFLINE, "A1 calm round x2"),
    ),
    Bug(
        "node: a change is asked of the key whose own change was lost",
        "I18",
        _FILES,
        "    return next((one.public for one in keys.everyone() if one.key_id == own), keyring.signing_public)",
        "    return keyring.signing_public",
        script=(*_BEGUN, "A1 rotate key", "A1 restore database", "A1 calm round", "A1 rotate key"),
    ),
    Bug(
        "node: a node in doubt changes its key",
        "I18",
        NODE + "log/signing.py",
        "    if is_key_in_doubt(tx):\n        return False\n    change, feed = _last_change(tx), tx.feed()\n",
        "    change, feed = _last_change(tx), tx.feed()\n",
        script=(*_OFFLINE, "A1 rotate key", "A1 stick trips"),
    ),
    Bug(
        "node: a key that was put aside is not brought back",
        "I18",
        _FILES,
        "        aside = next((one for one in self._aside() if one.key_id == key_id), None)",
        "        aside = next((one for one in self._aside() if not one.key_id), None)",
        script=(*_BEGUN, *_LOST, "A1 calm round", "A1 new", "A1 calm round"),
    ),
    Bug(
        "node: the key in whose place another one is brought back goes",
        "I18",
        _FILES,
        "self.put_previous_aside()\n                self._files.replace(self._folder / PREVIOUS_FILE, aside",
        "self._files.replace(self._folder / PREVIOUS_FILE, aside",
        script=(
            *(*_BEGUN, "A1 rotate key", "A1 stick out", "A1 restore database", "A1 calm round", "A1 rotate key"),
            *("A1 restore database", "A1 calm round", "hub stick at hub", "A1 calm round"),
        ),
    ),
    Bug(
        "node: a change that comes late takes the place of the one that waits",
        "I18",
        NODE + "log/newer_keys.py",
        "    if is_news and is_here and is_change_pending(tx):",
        "    if is_news and not is_here and is_change_pending(tx):",
        script=(*_LATE, "A1 stick trips"),
    ),
    Bug(
        "node: a change that waits is certified by the key before a late one",
        "I18",
        NODE + "log/signing.py",
        '    tx.put_setting(_OWN_KEYS, b"".join((*earlier, key, present)))',
        '    tx.put_setting(_OWN_KEYS, b"".join((key, *earlier, present)))',
        script=(*_LATE, "A1 calm round", "A1 new", "A1 calm round"),
    ),
    Bug(
        "node: a database that waits keeps what a replaced key has sealed",
        "I18",
        NODE + "line/session.py",
        "            if is_seal_due:\n                note_reconciled(tx)",
        "            if not answer:\n                note_reconciled(tx)",
        script=(
            *("A1 calm round", "A1 take image", "A1 rotate key", "A1 stick out", "A1 restore database"),
            *("A1 calm round", "A1 rotate key", "A1 new", "A1 take image", "A1 restore database", "hub stick at hub"),
            *("A1 calm round", "A1 new", "A1 calm round"),
        ),
    ),
    Bug(
        "node: a stick ends a doubt at once",
        "I18",
        NODE + "line/session.py",
        "heard_as or vouched_key(tx, answer.own_epochs)",
        'heard_as or tx.setting("own-key-id")',
        script=(*_BEGUN, *_LOST, "A1 stick trips", "A1 restart", "A1 calm round"),
    ),
    Bug(
        "node: by stick nobody learns which key the hub takes",
        "I18",
        NODE + "log/newer_keys.py",
        "    taken = heard_as or key_id_of(by_log)",
        "    taken = heard_as or key_id_of(keys[-1])",
        script=(*_OFFLINE, "A1 stick trips"),
    ),
    Bug(
        "node: nobody looks which change the hub has taken in the end",
        "I18",
        NODE + "log/newer_keys.py",
        "        if change is not None and not is_change_pending(tx):\n            _catch_up",
        "        if change is not None and is_change_pending(tx):\n            _catch_up",
        script=(
            *("A1 calm round", "hub take hub image", "A1 rotate key", "A1 new", "A1 calm round x2", "A1 restart"),
            *("A1 take image", *_LOST, "A1 work offline", "A1 new", "hub restore hub", "A1 mend line"),
            *("A1 calm round x2", "A1 new", "A1 calm round"),
        ),
    ),
    Bug(
        "hub: what left a car before an exclusion is not taken from its author",
        "I12",
        HUB + "log/exclusion.py",
        "        if gone is not None:\n            _evict_from",
        "        if gone is not None and not gone.id:\n            _evict_from",
        theme="keys",
    ),
    Bug(
        "hub: a car of which only excluded sets told is anchored nowhere",
        "I1",
        HUB + "log/exclusion.py",
        "            workspace.book.move(state, anchor=record if rules.is_anchor else None, parent=None)\n",
        "",
        theme="keys",
    ),
)
