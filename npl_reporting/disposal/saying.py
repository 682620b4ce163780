"""A recommendation in sentences, in both languages, for the page and the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from npl_reporting.disposal.channels import ChannelRules
from npl_reporting.disposal.frame import route_label
from npl_reporting.disposal.recommend import Recommendation
from npl_reporting.disposal.rounds import RoundRules
from npl_reporting.disposal.setting import joined, words
from npl_reporting.money import rounded
from npl_reporting.returns.page import Text

_COMMA = words(", ", "、")


def in_words(channels: ChannelRules, rounds: RoundRules, found: Recommendation) -> list[Text]:
    """What to do, what would reverse it, when it loses money, and what it rests on."""
    best = channels.channels[found.best.channel].label
    second = channels.channels[found.second.channel].label
    return [
        _take(found, best, second),
        _reversal(found, second),
        _break_even(found),
        _policy(channels, found),
        *_reservations(rounds, found),
    ]


def _take(found: Recommendation, best: Text, second: Text) -> Text:
    own, other = signed(found.best.expected), signed(found.second.expected)
    return words(
        f"Take {_inside(best)}: expected net present value {own}, {found.margin:,} more than "
        f"{_inside(second)} ({other}).",
        f"建議採{best['zh-TW']}：期望淨現值 {own}，較{second['zh-TW']}（{other}）高 {found.margin:,}。",
    )


def _reversal(found: Recommendation, second: Text) -> Text:
    fall, rise = percent(found.discount), percent(found.rise)
    name, chinese = _inside(second), second["zh-TW"]
    if found.discount >= 1:
        return words(
            f"No fall of its own prices reverses that; those of {name} would have to rise by {rise}.",
            f"其價格再跌亦不改變結論；{chinese}之價格須上漲 {rise} 方能翻轉。",
        )
    return words(
        f"It stays best until its prices fall by {fall}, or those of {name} rise by {rise}.",
        f"其價格下跌 {fall}，或{chinese}之價格上漲 {rise} 前，均為最佳。",
    )


def _break_even(found: Recommendation) -> Text:
    change = percent(abs(found.break_even))
    if found.best.expected < 0:
        return words(
            f"It is a loss: its prices would have to be {change} higher for none.",
            f"預期虧損：其價格須高 {change} 方無損失。",
        )
    return words(
        f"It makes no loss until its prices fall by {change}.", f"其價格下跌 {change} 前不致虧損。"
    )


def _policy(channels: ChannelRules, found: Recommendation) -> Text:
    label = channels.channels[found.policy].label
    same = found.policy == found.best.channel
    return words(
        f"By the paper's policy the asset goes to {_inside(label)}, "
        f"{'the same' if same else 'which is another way'}.",
        f"依論文之策略應採{label['zh-TW']}，與建議{'相同' if same else '不同'}。",
    )


def _reservations(rounds: RoundRules, found: Recommendation) -> Iterator[Text]:
    if not found.modelled:
        yield words(
            "The models of rounds were fitted on flats and houses; for this kind of asset their "
            "probabilities are a stand-in.",
            "拍次模型以住宅資料估計；此類擔保品之機率僅為替代。",
        )
    if found.chances.missing:
        known, open_ = len(found.chances.rests_on), found.chances.missing
        lacking = joined([rounds.traits[name].label for name in open_], _COMMA)
        yield words(
            f"The probabilities rest on {known} of {known + len(open_)} traits; not known: "
            f"{lacking['en'].lower()}.",
            f"機率依據 {known + len(open_)} 項特徵中之 {known} 項；未知者：{lacking['zh-TW']}。",
        )
    if found.barred:
        steps = joined([route_label(name) for name in found.barred], _COMMA)
        yield words(
            f"The reserve of the {steps['en']} would not exceed claims and costs ahead: the court "
            "lifts the seizure unless a surplus is shown (article 80-1).",
            f"{steps['zh-TW']}之底價不足清償優先債權及費用：無實益時撤銷查封（第 80 條之 1）。",
        )


def _inside(label: Text) -> str:
    """A label as it stands inside an English sentence."""
    return label["en"][:1].lower() + label["en"][1:]


def percent(share: Decimal) -> str:
    """A share as percent with one decimal."""
    return f"{rounded(share * 100, 1)} %"


def signed(amount: Decimal) -> str:
    """An amount with a true minus sign."""
    return f"{amount:,}".replace("-", "\N{MINUS SIGN}")
