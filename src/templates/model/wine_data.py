"""Reading, checking and preparing the two files of the Wine Quality data set (https://doi.org/10.24432/C56S3T)."""

import csv
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from events import ProgramError
from sklearn.model_selection import train_test_split

SEPARATOR = ";"
COLUMNS = [
    "fixed acidity",
    "volatile acidity",
    "citric acid",
    "residual sugar",
    "chlorides",
    "free sulfur dioxide",
    "total sulfur dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
    "quality",
]
HIGH_QUALITY = 7
SEED = 123
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Split:
    """60 % of the rows to train, 20 % to validate, 20 % to test; `y` is 1 for a wine of high quality."""

    x_train: pd.DataFrame
    x_validation: pd.DataFrame
    x_test: pd.DataFrame
    y_train: pd.Series
    y_validation: pd.Series
    y_test: pd.Series


def load_wines(directory: Path) -> pd.DataFrame:
    """Reads red and white wines into one frame with the columns of the files and `is_red`.

    Raises `ProgramError`: data_missing, data_unreadable, data_format, data_columns, data_values.
    """
    red = _read(_find(directory, "red"))
    white = _read(_find(directory, "white"))
    red["is_red"] = 1
    white["is_red"] = 0
    return pd.concat([red, white], axis=0)


def prepare(wines: pd.DataFrame) -> pd.DataFrame:
    """Underscores in the names of the columns, and `quality` as 1 (7 or better) or 0."""
    data = wines.rename(columns=lambda name: name.replace(" ", "_"))
    data["quality"] = (data["quality"] >= HIGH_QUALITY).astype(int)
    return data


def split(data: pd.DataFrame) -> Split:
    """Splits prepared data. Raises `ProgramError` data_values when there is too little to train or to test with."""
    if len(data) < FEWEST_ROWS:
        raise ProgramError("data_values", f"The two files hold {len(data)} wines; at least {FEWEST_ROWS} are needed.")
    x, y = data.drop(["quality"], axis=1), data["quality"]
    x_train, x_rest, y_train, y_rest = train_test_split(x, y, train_size=0.6, random_state=SEED)
    x_validation, x_test, y_validation, y_test = train_test_split(x_rest, y_rest, test_size=0.5, random_state=SEED)
    if y_train.nunique() < 2 or y_test.nunique() < 2:
        raise ProgramError(
            "data_values",
            f"The {len(data)} wines hold too few of one kind: both the part to train with and the part to test with "
            f"need wines of quality {HIGH_QUALITY} or better and wines below it.",
        )
    return Split(x_train, x_validation, x_test, y_train, y_validation, y_test)


def _find(directory: Path, colour: str) -> Path:
    names = [f"winequality-{colour}.csv", f"winequality-{colour}.csv.gz"]
    for name in names:
        if (directory / name).exists():
            return directory / name
    raise ProgramError("data_missing", f"There is no file {names[0]} in {directory}.", file=str(directory / names[0]))


def _read(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, sep=SEPARATOR, encoding="utf-8-sig")
    except pd.errors.EmptyDataError as error:
        raise ProgramError("data_format", f"{path} is empty.", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise ProgramError("data_format", f"{path} is not a text file in UTF-8.", file=str(path)) from error
    except (pd.errors.ParserError, csv.Error, zlib.error, EOFError) as error:
        raise ProgramError("data_format", f"{path} is damaged: {str(error).strip()}.", file=str(path)) from error
    except OSError as error:
        raise ProgramError(
            "data_unreadable", f"{path} could not be read: {error.strerror or error}.", file=str(path)
        ) from error
    _check_columns(frame, path)
    return _numbers(frame[COLUMNS].copy(), path)


def _check_columns(frame: pd.DataFrame, path: Path) -> None:
    found = [str(name) for name in frame.columns]
    missing = [name for name in COLUMNS if name not in found]
    if not missing:
        return
    if len(found) == 1:
        for separator, word in {",": "commas", "\t": "tabs", "|": "bars"}.items():
            if found[0].count(separator) >= len(COLUMNS) - 1:
                raise ProgramError(
                    "data_format",
                    f'{path} has {word} between its fields where "{SEPARATOR}" is needed.',
                    file=str(path),
                )
    names = ", ".join(f'"{name}"' for name in missing)
    word = "column" if len(missing) == 1 else "columns"
    raise ProgramError(
        "data_columns", f"{path} lacks the {word} {names}.", file=str(path), missing=missing, found=found[:40]
    )


def _numbers(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    if frame.empty:
        raise ProgramError("data_values", f"{path} holds a header but no wine.", file=str(path))
    for column in frame.columns:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        wrong = ~np.isfinite(numbers.to_numpy(dtype=float, na_value=np.nan))
        if wrong.any():
            row = int(wrong.argmax())
            value = frame[column].iloc[row]
            what = "nothing" if pd.isna(value) else f'"{str(value)[:40]}"'
            raise ProgramError(
                "data_values",
                f'{path}, wine {row + 1}: column "{column}" holds {what} where a number is needed.',
                file=str(path),
                column=column,
            )
        frame[column] = numbers
    return frame
