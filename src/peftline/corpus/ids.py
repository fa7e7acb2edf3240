"""The ids that sources give."""

from peftline import formats
from peftline.formats.example import Example
from peftline.formats.problem import RowProblem


class Ids:
    """Every file may count from 0, and yet no two examples have one id.

    An id is left as it is if no earlier file has it; otherwise the name of its file stands before
    it. In a mixture the number of the source always does.
    """

    def __init__(self) -> None:
        self._place: tuple[int | None, str] | None = None
        self._here: dict[str, bytes] = {}  # hash of the content by id; rows of a file come together
        self._earlier: set[str] = set()

    def distinct(self, example: Example, file: str, source: int | None) -> Example:
        """The example, under an id that no other one has.

        Args:
            source: its number in a mixture.

        Raises:
            RowProblem: an earlier row of the file has the id, and another content.
        """
        if self._place != (source, file):
            self._place = (source, file)
            self._earlier |= self._here.keys()
            self._here = {}
        id_ = example.id if source is None else f"{source}/{example.id}"
        while id_ in self._earlier:
            id_ = f"{file}/{id_}"
        content = formats.content_hash(example)
        if self._here.setdefault(id_, content) != content:
            raise RowProblem(
                "duplicate_id", f"the id '{example.id:.50}' stands in an earlier row too"
            )
        return example.model_copy(update={"id": id_})
