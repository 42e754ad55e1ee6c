"""TFM207 to TFM209: what is plain enough in TensorFlow 1 to be written out in the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tf2migrate.facts.program import Program
from tf2migrate.model import Edit, Options, Outcome, Span
from tf2migrate.rewrites import places
from tf2migrate.rewrites.places import finding

_VOCABULARY = '''\
class {CategoricalVocabulary}:
    """Words and their numbers, in the order in which they come; 0 is the number of words that are not known."""

    def __init__(self, unknown_token="<UNK>", support_reverse=True):
        self._words, self._counts, self._frozen = [unknown_token], {collections}.Counter(), False
        self._mapping = {{unknown_token: 0}}

    def __len__(self):
        return len(self._mapping)

    def freeze(self, freeze=True):
        self._frozen = freeze

    def get(self, category):
        if category not in self._mapping and not self._frozen:
            self._mapping[category] = len(self._words)
            self._words.append(category)
        return self._mapping.get(category, 0)

    def add(self, category, count=1):
        if self.get(category) > 0:
            self._counts[category] += count

    def trim(self, min_frequency, max_frequency=-1):
        """Numbers the words anew, the most frequent first, without those that are too rare or too frequent."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], isinstance(item[0], str), item[0]))
        kept = [(word, n) for word, n in ordered if n > min_frequency and (max_frequency <= 0 or n < max_frequency)]
        self._words = [self._words[0], *(word for word, _ in kept)]
        self._mapping = {{word: number for number, word in enumerate(self._words)}}
        self._counts = {collections}.Counter(dict(kept))

    def reverse(self, class_id):
        return self._words[class_id]
'''

_PROCESSOR = '''\
class {VocabularyProcessor}:
    """Documents as rows of word numbers, cut or filled with zeros to one length."""

    def __init__(self, max_document_length, min_frequency=0, vocabulary=None, tokenizer_fn=None):
        self.max_document_length, self.min_frequency = max_document_length, min_frequency
        self.vocabulary_ = vocabulary or {CategoricalVocabulary}()
        self._tokenizer = tokenizer_fn or self._tokens

    @staticmethod
    def _tokens(documents):
        for document in documents:
            yield {re}.findall(r"[A-Z]{{2,}}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\\'\\w\\-]+", document)

    def fit(self, raw_documents, unused_y=None):
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents, unused_y=None):
        return self.fit(raw_documents).transform(raw_documents)

    def transform(self, raw_documents):
        for tokens in self._tokenizer(raw_documents):
            row = {np}.zeros(self.max_document_length, {np}.int64)
            for place, token in zip(range(self.max_document_length), tokens):
                row[place] = self.vocabulary_.get(token)
            yield row

    def reverse(self, documents):
        for document in documents:
            yield " ".join(self.vocabulary_.reverse(number) for number in document)

    def save(self, filename):
        with open(filename, "wb") as file:
            {pickle}.dump(self, file)

    @classmethod
    def restore(cls, filename):
        with open(filename, "rb") as file:
            return {pickle}.load(file)
'''

_NORMAL = '''\
class {Normal}:
    """A normal distribution, with the formulas of TensorFlow 1."""

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name=None):
        self.loc = {tf}.convert_to_tensor(loc)
        self.scale = {tf}.convert_to_tensor(scale, self.loc.dtype)

    def sample(self, sample_shape=(), seed=None, name=None):
        sample_shape = {tf}.reshape({tf}.convert_to_tensor(sample_shape, {tf}.int32), [-1])
        batch = {tf}.broadcast_dynamic_shape({tf}.shape(self.loc), {tf}.shape(self.scale))
        several = {tf}.concat([[{tf}.reduce_prod(sample_shape)], batch], 0)
        drawn = {tf}.random.normal(several, dtype=self.loc.dtype, seed=seed) * self.scale + self.loc
        return {tf}.reshape(drawn, {tf}.concat([sample_shape, batch], 0))

    def log_prob(self, value, name=None):
        unnormalized = -0.5 * {tf}.square((value - self.loc) / self.scale)
        return unnormalized - (0.5 * {math}.log(2.0 * {math}.pi) + {tf}.math.log(self.scale))

    def prob(self, value, name=None):
        return {tf}.exp(self.log_prob(value))

    def entropy(self, name=None):
        return 0.5 * {math}.log(2.0 * {math}.pi * {math}.e) + {tf}.math.log(self.stddev())

    def mean(self, name=None):
        return self.loc * {tf}.ones_like(self.scale)

    def mode(self, name=None):
        return self.mean()

    def stddev(self, name=None):
        return self.scale * {tf}.ones_like(self.loc)

    def variance(self, name=None):
        return {tf}.square(self.stddev())

    def kl_divergence(self, other, name=None):
        ratio = {tf}.square(self.scale) / {tf}.square(other.scale)
        apart = {tf}.square(self.loc - other.loc) / (2.0 * {tf}.square(other.scale))
        return apart + 0.5 * (ratio - 1.0 - {tf}.math.log(ratio))
'''

_LOSS_BY_EXAMPLE = '''\
def {sequence_loss_by_example}(
    logits, targets, weights, average_across_timesteps=True, softmax_loss_function=None, name=None
):
    """The loss of each example, summed over its steps, which have weights."""
    losses = []
    for logit, target, weight in zip(logits, targets, weights):
        if softmax_loss_function is None:
            target = {tf}.reshape(target, [-1])
            loss = {tf}.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)
        else:
            loss = softmax_loss_function(labels=target, logits=logit)
        losses.append(loss * weight)
    total = {tf}.add_n(losses)
    return total / ({tf}.add_n(weights) + 1e-12) if average_across_timesteps else total
'''

_LOSS = '''\
def {sequence_loss}(
    logits,
    targets,
    weights,
    average_across_timesteps=True,
    average_across_batch=True,
    softmax_loss_function=None,
    name=None,
):
    """The loss of a batch of sequences, for each example on average."""
    each = {sequence_loss_by_example}(logits, targets, weights, average_across_timesteps, softmax_loss_function)
    loss = {tf}.reduce_sum(each)
    return loss / {tf}.cast({tf}.shape(targets[0])[0], loss.dtype) if average_across_batch else loss
'''

#: The modules that the code needs: the paths of each, and the name that is usual.
_MODULES = {
    "collections": (("collections",), "collections"),
    "math": (("math",), "math"),
    "np": (("numpy",), "np"),
    "pickle": (("pickle",), "pickle"),
    "re": (("re",), "re"),
    "tf": (("tensorflow", "tensorflow.compat.v1"), "tf"),
}


@dataclass(frozen=True, slots=True)
class _Family:
    """Classes that are written out together: their code, the members that they have, the functions over them."""

    code: str
    homes: tuple[str, ...]
    texts: dict[str, str]
    needed: dict[str, tuple[str, ...]]  # for each class: those that its code needs
    modules: tuple[str, ...]
    functions: frozenset[str]  # those of the same home that become methods of their first argument
    what: str
    advice: str


_PREPROCESSING = _Family(
    "TFM207",
    ("tf.contrib.learn.preprocessing.",),
    {"CategoricalVocabulary": _VOCABULARY, "VocabularyProcessor": _PROCESSOR},
    {
        "CategoricalVocabulary": ("CategoricalVocabulary",),
        "VocabularyProcessor": ("CategoricalVocabulary", "VocabularyProcessor"),
    },
    ("collections", "np", "pickle", "re"),
    frozenset(),
    "contrib's vocabulary is gone",
    "Write the class out in Python.",
)
_DISTRIBUTIONS = _Family(
    "TFM208",
    ("tf.distributions.", "tf.contrib.distributions."),
    {"Normal": _NORMAL},
    {"Normal": ("Normal",)},
    ("math", "tf"),
    frozenset(("kl_divergence",)),
    "TensorFlow 1's distributions are gone",
    "Write its formulas out, or take it from TensorFlow Probability.",
)


_SEQUENCES = _Family(
    "TFM209",
    ("tf.contrib.legacy_seq2seq.", "tf.nn.seq2seq."),
    {"sequence_loss_by_example": _LOSS_BY_EXAMPLE, "sequence_loss": _LOSS},
    {
        "sequence_loss_by_example": ("sequence_loss_by_example",),
        "sequence_loss": ("sequence_loss_by_example", "sequence_loss"),
    },
    ("tf",),
    frozenset(),
    "contrib's sequence to sequence models are gone",
    "Write them out with tf.keras.layers.RNN.",
)


def vocabulary_processor(program: Program, options: Options) -> Outcome:
    """`VocabularyProcessor` of contrib, written out once in plain Python."""
    return _written_out(program, _PREPROCESSING)


def sequence_losses(program: Program, options: Options) -> Outcome:
    """The losses of `legacy_seq2seq` over lists of steps, written out once."""
    return _written_out(program, _SEQUENCES)


def distributions(program: Program, options: Options) -> Outcome:
    """`tf.distributions.Normal`, written out once as its formulas."""
    return _written_out(program, _DISTRIBUTIONS)


def _written_out(program: Program, family: _Family) -> Outcome:
    imported = {a.asname or a.name.partition(".")[0] for n in program.names.imports for a in n.names}
    uses = []
    for node, path in program.uses:
        name = _named(family, path)
        first = _first(node)
        if name is not None and isinstance(first, ast.Name) and first.id in imported:  # not another name for it
            uses.append((node, name))
    if not uses:
        return Outcome()
    calls = {id(node.func): node for node in program.each(ast.Call)}
    for node, name in uses:
        call = calls.get(id(node))
        if name not in {*family.texts, *family.functions} or (name in family.functions and not _over_two(call)):
            return Outcome((), (finding(program, node, family.code, family.what, family.advice),))
    last = places.anchor(program)
    lines = Span(0, 0) if last is None else places.line_of(program, last)
    if lines is None:
        return Outcome((), (finding(program, uses[0][0], family.code, family.what, family.advice),))
    return Outcome(
        tuple(_edits(program, family, uses, Span(lines.end, lines.end), calls)),
        tuple(finding(program, node, family.code, family.what, family.advice, fixable=True) for node, _ in uses),
    )


def _first(node: ast.expr) -> ast.expr:
    """The first name of a dotted one."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _named(family: _Family, path: str) -> str | None:
    """The class or function that a symbol is, with what is asked of a class left out."""
    home = next((home for home in family.homes if path.startswith(home)), None)
    if home is None:
        return None
    return path.removeprefix(home).partition(".")[0]


def _over_two(call: ast.Call | None) -> bool:
    return call is not None and len(call.args) == 2 and not any(isinstance(a, ast.Starred) for a in call.args)


def _edits(
    program: Program, family: _Family, uses: list[tuple[ast.expr, str]], place: Span, calls: dict[int, ast.Call]
) -> Iterator[Edit]:
    taken = places.words(program)
    wanted = dict.fromkeys(n for _, name in uses for n in family.needed.get(name, ()))
    names = {name: name if name not in taken else f"{name}1" for name in wanted}
    modules = {key: places.module(program, *_MODULES[key], place.end) for key in family.modules}
    code = "\n\n".join(family.texts[name] for name in wanted)
    used = {key: module for key, module in modules.items() if f"{{{key}}}" in code}
    text = code.format(**names, **{key: module.name for key, module in used.items()})
    yield places.block(program.text, place, [m.missing for m in used.values() if m.missing], text.rstrip())
    for node, name in uses:
        if name in family.functions:
            call = calls[id(node)]
            first, second = (program.segment(argument) for argument in call.args)
            yield Edit(program.span(call), f"{first}.{name}({second})")
        else:
            while isinstance(node, ast.Attribute) and _named(family, program.names.symbol(node.value) or "") == name:
                node = node.value
            yield Edit(program.span(node), names[name])
