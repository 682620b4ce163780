"""The models of rounds fitted on the bank's own sales; the only door to statsmodels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from npl_reporting.disposal.channels import ROUNDS, Round
from npl_reporting.disposal.compare import profile_sql
from npl_reporting.disposal.intake import Intake, take_in
from npl_reporting.disposal.parameters import FOLDER
from npl_reporting.disposal.rounds import Model, RoundRules
from npl_reporting.engine import Engine
from npl_reporting.errors import Finding, NplError, Problem
from npl_reporting.law.columns import Dictionary
from npl_reporting.law.yamlfile import load
from npl_reporting.money import rounded
from npl_reporting.work import work_folder

_DECIMALS = 4
_SEPARATED = 1e-6
_KIND = "CASE WHEN sold_in <= 2 THEN 'early' WHEN sold_in = 3 THEN 'third' ELSE 'late' END"


@dataclass(frozen=True)
class Sample:
    """One sale: the kind of round, and the traits, in the order of the rule file."""

    kind: Round
    traits: tuple[bool, ...]


@dataclass(frozen=True)
class Estimate:
    """One coefficient with its standard error and p-value, beside the paper's.

    `apart` is how many standard errors the two differ by.
    """

    name: str
    value: Decimal
    standard_error: Decimal
    p: Decimal
    paper: Decimal
    apart: Decimal


@dataclass(frozen=True)
class Fit:
    """One model on the bank's own sales; `problem` says why there are no estimates.

    `left_out` are traits that all sales have, or none has: nothing can be learnt of them.
    """

    model: str
    n: int
    estimates: tuple[Estimate, ...] = ()
    left_out: tuple[str, ...] = ()
    minus_two_log_likelihood: Decimal | None = None
    concordant: Decimal | None = None
    discordant: Decimal | None = None
    problem: str = ""


def read_sales(path: Path, rounds: RoundRules) -> tuple[tuple[Finding, ...], list[Sample]]:
    """Read the register of auctions: sale_id, sold_in (1, 2, 3, 4 …) and the attributes.

    A sale with a trait that is not known is left out and named.
    """
    columns = load(FOLDER / "auctions.yaml", Dictionary).columns
    with work_folder() as work, Engine(work) as engine:
        found = take_in(engine, Intake(path, columns, "auctions"))
        rows = engine.rows(
            f"SELECT row, {_KIND}, {profile_sql(rounds)}, sold_in FROM auctions "
            "WHERE row NOT IN (SELECT row FROM faulty_rows) ORDER BY row"
        )
    for row, _, profile, sold_in in rows:
        if "?" in profile or sold_in < 1:
            names = [n for n, sign in zip(rounds.traits, profile, strict=True) if sign == "?"]
            said = (
                f"left out; not known: {', '.join(names)}" if names else "left out; no such round"
            )
            found.append(Finding("FS-01", "warning", row, None, None, None, "", {"en": said}))
    samples = [
        Sample(kind, tuple(sign == "1" for sign in profile))
        for _, kind, profile, sold_in in rows
        if "?" not in profile and sold_in >= 1
    ]
    return tuple(found), samples


def fit_models(samples: Sequence[Sample], rounds: RoundRules) -> list[Fit]:
    """Fit every model of the rule file on the sales of its two kinds."""
    return [_fit(name, model, samples, rounds) for name, model in rounds.models.items()]


def _fit(name: str, model: Model, samples: Sequence[Sample], rounds: RoundRules) -> Fit:
    own = [one for one in samples if one.kind in (model.zero, model.one)]
    kinds = {one.kind for one in own}
    if len(kinds) < 2:
        lacking = ", ".join(k for k in ROUNDS if k in (model.zero, model.one) and k not in kinds)
        return Fit(name, len(own), problem=f"there is no sale of the kind: {lacking}")
    names = list(rounds.traits)
    varied = [p for p in range(len(names)) if len({one.traits[p] for one in own}) > 1]
    left_out = tuple(n for place, n in enumerate(names) if place not in varied)
    x = [[1.0, *(float(one.traits[p]) for p in varied)] for one in own]
    y = [float(one.kind == model.one) for one in own]
    kept = ["intercept", *(names[p] for p in varied)]
    culprits = _separating(x, y, kept)
    if culprits:
        said = (
            f"the data are separated by {', '.join(culprits)}: together they tell the two kinds "
            "apart in some sales without exception, so the coefficients have no finite estimate"
        )
        return Fit(name, len(own), left_out=left_out, problem=said)
    return _estimated(Fit(name, len(own), left_out=left_out), model, kept, x, y)


def _separating(x: Any, y: Any, names: Sequence[str]) -> list[str]:
    """The names in a combination that never ranks the kinds wrongly, and somewhere strictly right.

    A linear programme decides it (Konis 2007), so that separation is found before anything is
    fitted, quasi-complete separation too. Columns that repeat each other are found the same way.
    """
    numpy, optimize = _numpy(), _optimize()
    sided = numpy.asarray(x) * numpy.where(numpy.asarray(y) > 0, 1.0, -1.0)[:, None]
    if numpy.linalg.matrix_rank(numpy.asarray(x)) < len(names):
        return ["traits that always go together"]
    solved = optimize.linprog(
        -sided.sum(axis=0), A_ub=-sided, b_ub=numpy.zeros(len(sided)), bounds=(-1, 1)
    )
    if -solved.fun <= _SEPARATED:
        return []
    return [name for name, weight in zip(names, solved.x, strict=True) if abs(weight) > _SEPARATED]


def _estimated(fit: Fit, model: Model, names: Sequence[str], x: Any, y: Any) -> Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = _statsmodels().Logit(y, x).fit(disp=0)
        except (Warning, ArithmeticError, ValueError) as error:
            return Fit(fit.model, fit.n, left_out=fit.left_out, problem=f"no fit: {error}")
    paper = {"intercept": model.intercept, **model.coefficients}
    estimates = tuple(
        Estimate(
            name, _plain(value), _plain(error), _plain(p), paper[name].value,
            rounded((_plain(value) - paper[name].value) / _plain(error), 2),
        )
        for name, value, error, p in zip(names, found.params, found.bse, found.pvalues, strict=True)
    )  # fmt: skip
    concordant, discordant = pairs(list(found.predict()), y)
    return Fit(
        fit.model, fit.n, estimates, fit.left_out, rounded(_plain(-2 * found.llf), 3), concordant,
        discordant,
    )  # fmt: skip


def pairs(predicted: Sequence[float], y: Sequence[float]) -> tuple[Decimal, Decimal]:
    """Percent of pairs of unlike sales that the model ranks rightly, and wrongly; the rest tie."""
    numpy = _numpy()
    zeros = numpy.sort([p for p, kind in zip(predicted, y, strict=True) if not kind])
    ones = numpy.asarray([p for p, kind in zip(predicted, y, strict=True) if kind])
    below = int(numpy.searchsorted(zeros, ones, "left").sum())
    upto = int(numpy.searchsorted(zeros, ones, "right").sum())
    total = len(zeros) * len(ones)
    right, wrong = Decimal(below) / total * 100, Decimal(total - upto) / total * 100
    return rounded(right, 1), rounded(wrong, 1)


def _plain(value: float) -> Decimal:
    """A statistic as a decimal for print; no money goes this way."""
    return rounded(Decimal(repr(float(value))), _DECIMALS)


def _statsmodels() -> Any:
    try:
        import statsmodels.api  # not at the top: it is an extra, and slow to start
    except ModuleNotFoundError:
        raise _lacking() from None
    return statsmodels.api


def _numpy() -> Any:
    try:
        import numpy
    except ModuleNotFoundError:
        raise _lacking() from None
    return numpy


def _optimize() -> Any:
    try:
        import scipy.optimize
    except ModuleNotFoundError:
        raise _lacking() from None
    return scipy.optimize


def _lacking() -> NplError:
    return NplError(Problem("models are fitted with statsmodels", "install npl-reporting[fit]"))
