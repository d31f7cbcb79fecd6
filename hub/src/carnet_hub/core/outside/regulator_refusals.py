"""What a request from outside can be refused with: each cause has a name and words in two languages.

Decides the words and what they give away, which is nothing: a revoked token reads as one that never was, a campaign
outside a token's scope as one that does not exist, and no sentence names a network, a term or another token. Does not
decide how an answer is coded (`entrypoints.http.problem_response`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_hub.core.failures import HubFailure


class Refusal(StrEnum):
    """Why somebody was not answered. The code travels and stands in the ledger."""

    TOKEN_REFUSED = "token-refused"
    """None, unknown, misspelt or revoked."""
    SESSION_OVER = "session-over"
    """A log-in that is over, or none of this hub's."""
    TOKEN_EXPIRED = "token-expired"
    TOKEN_UNCONFIRMED = "token-unconfirmed"
    """From before a restore of the hub, and nobody has said since that it counts."""
    WRONG_ADDRESS = "wrong-address"
    OUT_OF_SCOPE = "out-of-scope"
    TOO_MANY = "too-many-requests"
    NOT_FOUND = "not-found"
    BAD_REQUEST = "bad-request"
    NO_VEHICLE_NUMBER = "no-vehicle-number"
    NO_CASE = "no-case-number"
    NOT_A_MEMBER = "not-a-member"
    """Vehicles of a named export that are none of the campaign's; the answer names them to whoever typed them."""
    OWN_REQUEST = "own-request"
    NOT_RELEASED = "not-released"
    OTHER_HISTORY = "other-history"
    FORM_STALE = "form-stale"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Words:
    """The three sentences of a refusal in one language."""

    what: str
    safe: str
    next: str


@dataclass(frozen=True, slots=True)
class _Row:
    zh: Words
    en: Words


_SAFE_ZH: Final = "没有任何数据被读取或更改。"
_SAFE_EN: Final = "Nothing was read or changed."
_CATALOGUE: Final[dict[Refusal, _Row]] = {
    Refusal.TOKEN_REFUSED: _Row(
        Words("令牌无效。", _SAFE_ZH, "请核对令牌；如仍无效，请向数据中心申请新的令牌。"),
        Words("The token is not valid.", _SAFE_EN, "Check it; if it stays refused, ask the operator for a new one."),
    ),
    Refusal.SESSION_OVER: _Row(
        Words("登录已失效。", _SAFE_ZH, "请用令牌重新登录。"),
        Words("The log-in is over.", _SAFE_EN, "Log in again with the token."),
    ),
    Refusal.TOKEN_EXPIRED: _Row(
        Words("令牌已过有效期。", _SAFE_ZH, "请向数据中心申请新的令牌。"),
        Words("The token is past its term.", _SAFE_EN, "Ask the hub's operator for a new one."),
    ),
    Refusal.TOKEN_UNCONFIRMED: _Row(
        Words("数据中心恢复备份后，此令牌尚未重新确认。", _SAFE_ZH, "请联系数据中心确认此令牌。"),
        Words(
            "The hub was restored from a backup, and this token has not been confirmed since.",
            _SAFE_EN,
            "Ask the hub's operator to confirm it.",
        ),
    ),
    Refusal.WRONG_ADDRESS: _Row(
        Words("此令牌不能从当前网络使用。", _SAFE_ZH, "请在登记过的网络中重试，或联系数据中心变更登记。"),
        Words(
            "The token cannot be used from this network.",
            _SAFE_EN,
            "Try again from a registered network, or ask the hub's operator to register this one.",
        ),
    ),
    Refusal.OUT_OF_SCOPE: _Row(
        Words("此令牌不包含这项权限。", _SAFE_ZH, "如确有需要，请向数据中心申请相应权限的令牌。"),
        Words("The token does not cover this.", _SAFE_EN, "If you need it, ask the operator for a token that does."),
    ),
    Refusal.TOO_MANY: _Row(
        Words("请求过于频繁。", _SAFE_ZH, "请稍等一分钟后重试。"),
        Words("Too many requests.", _SAFE_EN, "Wait a minute, then try again."),
    ),
    Refusal.NOT_FOUND: _Row(
        Words("没有找到所请求的内容。", _SAFE_ZH, "请在召回列表中核对编号。"),
        Words("There is nothing under this name.", _SAFE_EN, "Compare it with the list of campaigns."),
    ),
    Refusal.BAD_REQUEST: _Row(
        Words("请求的格式不符合接口说明。", _SAFE_ZH, "请对照 /v1/regulator/openapi.json 更正。"),
        Words(
            "The request is not in the form that the API describes.",
            _SAFE_EN,
            "Compare it with /v1/regulator/openapi.json and correct it.",
        ),
    ),
    Refusal.NO_VEHICLE_NUMBER: _Row(
        Words(
            "输入的内容不是完整的车辆识别代号（VIN），因此没有查询结果。",
            _SAFE_ZH,
            "请输入行驶证或前挡风玻璃下方的 17 位代号；早于该标准的旧车请输入完整的车架号。",
        ),
        Words(
            "This is no whole vehicle number (VIN), so there is no answer about a car.",
            _SAFE_EN,
            "Type the 17 characters on the registration paper or below the windscreen; of an older car the whole frame "
            "number.",
        ),
    ),
    Refusal.NO_CASE: _Row(
        Words("缺少案件编号。", _SAFE_ZH, "请填写不超过 64 个字符的案件编号。"),
        Words("There is no number of a case.", _SAFE_EN, "State the number of the case in at most 64 characters."),
    ),
    Refusal.NOT_A_MEMBER: _Row(
        Words("有车辆不在所选召回范围内。", _SAFE_ZH, "请核对所列车辆识别代号，删除或更正后重新提交。"),
        Words(
            "There are vehicles that are not in this campaign.",
            _SAFE_EN,
            "Compare the vehicle numbers that are named; leave them out or correct them, and ask again.",
        ),
    ),
    Refusal.OWN_REQUEST: _Row(
        Words("不能批准自己提出的申请。", _SAFE_ZH, "请由另一名有权限的人员批准。"),
        Words("Nobody releases their own request.", _SAFE_EN, "Ask a second person who may release it."),
    ),
    Refusal.NOT_RELEASED: _Row(
        Words(
            "该申请尚未批准，或已拒绝、已读取、已过期。", "没有任何个人信息被读取。", "请查看申请状态，必要时重新申请。"
        ),
        Words(
            "The request is not released, or it was refused, read or is over.",
            "No personal value was read.",
            "Look at its step; ask again if you still need it.",
        ),
    ),
    Refusal.OTHER_HISTORY: _Row(
        Words("数据中心恢复过备份，位置编号已重新开始。", _SAFE_ZH, "请从 after=0 重新读取全部变更。"),
        Words(
            "The hub was restored from a backup, and its positions count anew.",
            _SAFE_EN,
            "Read all changes again from after=0.",
        ),
    ),
    Refusal.FORM_STALE: _Row(
        Words("此表单已失效，或来自其他网站。", _SAFE_ZH, "请重新打开页面后再提交。"),
        Words(
            "The form is out of date, or came from another site.",
            _SAFE_EN,
            "Open the page again.",
        ),
    ),
    Refusal.BUSY: _Row(
        Words("数据中心正忙。", _SAFE_ZH, "请稍后重试。"),
        Words("The hub is busy.", _SAFE_EN, "Try again in a moment."),
    ),
}


class AccessRefused(HubFailure):
    """A request that was not answered.

    Attributes:
        refusal: why.
        wait_s: after how many seconds to ask again; 0 where waiting does not help.
        vins: that it is about, for whoever typed them; never in a log or the ledger.
    """

    def __init__(self, refusal: Refusal, *, wait_s: int = 0, vins: Sequence[str] = ()) -> None:
        words = words_of(refusal)
        super().__init__(words.what, words.safe, words.next)
        self.refusal = refusal
        self.wait_s = wait_s
        self.vins = tuple(vins)


def words_of(refusal: Refusal, *, chinese: bool = False) -> Words:
    """The three sentences of a refusal."""
    row = _CATALOGUE[refusal]
    return row.zh if chinese else row.en
