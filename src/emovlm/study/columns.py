"""Temporary: rows and parts of the config as mappings, for rules that are not yet written for typed objects."""

from collections.abc import ItemsView, KeysView, ValuesView
from typing import Any


class Columns:
    """Reads a model by the keys that people write: ``row["column"]``, ``.get``, ``in``; empty ones are absent."""

    def __getitem__(self, key: str) -> Any:
        return self.told()[key]

    def __contains__(self, key: str) -> bool:
        return key in self.told()

    def get(self, key: str, default: Any = None) -> Any:
        return self.told().get(key, default)

    def keys(self) -> KeysView[str]:
        return self.told().keys()

    def values(self) -> ValuesView[Any]:
        return self.told().values()

    def items(self) -> ItemsView[str, Any]:
        return self.told().items()


class Lookups:
    """What rules ask of a study by the name of a row, instead of the row itself."""

    @property
    def places(self) -> dict[str, dict[str, str]]:
        tables = ("datasets", "systems", "frame_samplers", "training_samplers", "conditions", "comparisons")
        return {table: {name: row.table_file for name, row in getattr(self, table).items()} for table in tables}

    def words_of(self, dataset: str) -> dict[str, str]:
        return self.datasets[dataset].words

    def classes_of(self, dataset: str) -> list[str]:
        return self.datasets[dataset].classes

    def folds_of(self, system: str) -> list[int]:
        return self.systems[system].folds

    def runs_of(self, system: str) -> int:
        return self.systems[system].runs

    def recipe_of(self, system: str) -> str:
        return self.systems[system].recipe.name

    def settings_of(self, recipe: str) -> Any:
        return self.config.recipes.get(recipe) or getattr(self.config, recipe)

    def prompts_of(self, system: str) -> Any:
        return self.systems[system].prompts
