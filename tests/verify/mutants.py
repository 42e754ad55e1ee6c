"""Correct migrations broken one at a time, in ways in which a migrator could get them wrong."""

# ruff: noqa: E501 (text that is read as a whole)
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to a program's tf2.py, and the point that must be named first."""

    name: str
    program: str
    before: str
    after: str
    point: str
    more: tuple[str, str] = ("", "")  # a second change that the first one needs


MUTANTS = (
    Mutant("dropout rate inverted", "classifier", "scores = compute_scores(inputs, keep)", "scores = compute_scores(inputs, 1 - keep)", "value cost"),
    Mutant("dropout left on in evaluation", "classifier", "compute_scores(inputs, 1.0)", "compute_scores(inputs, 0.8)", "draws dropout [96, 12]"),
    Mutant("dropout left out", "classifier", "tf.nn.dropout(tf.nn.elu(tf.matmul(inputs, kernel) + offset), rate=1 - keep)",
           "tf.nn.elu(tf.matmul(inputs, kernel) + offset)", "value cost"),
    Mutant("epsilon of Keras' Adam", "classifier", "Adam(0.02, epsilon=1e-8)", "Adam(0.02)", "optimizer Adam"),
    Mutant("mean became sum", "classifier", "tf.reduce_mean(errors)", "tf.reduce_sum(errors)", "value cost"),
    Mutant("penalty left out of the loss", "classifier", "tf.reduce_mean(errors) + penalty", "tf.reduce_mean(errors)", "value cost"),
    Mutant("argmax along the wrong axis", "classifier", "tf.argmax(scores, axis=1), wanted)", "tf.argmax(scores, axis=0)[0], wanted)",
           "print 'hits #'"),
    Mutant("one extra training step", "classifier", 'print("hits"', 'learn(points[:16], classes[:16], 0.8)\nprint("hits"', "variable "),
    Mutant("initial values of another spread", "classifier", "stddev=0.4", "stddev=0.5", "value cost"),
    Mutant("uniform became normal", "classifier", "tf.random.uniform([12, 2], -0.5, 0.5)", "tf.random.normal([12, 2], 0.0, 0.5)", "value cost"),
    Mutant("batches drawn once more", "classifier", "for turn in range(rounds):", "np.random.choice(96, 16)\nfor turn in range(rounds):",
           "value rows"),
    Mutant("both updates at once", "duel", "    b = forger_step(seeds=noise).numpy()",
           "    b = forger_step(seeds=noise).numpy()\n    judge_step(genuine=samples, seeds=noise)", "value a"),
    Mutant("the forger trains the judge", "duel", "forger_vars = forger.trainable_variables",
           "forger_vars = forger.trainable_variables + judge.trainable_variables", "value a"),
    Mutant("shared network unshared", "duel", "        trust_genuine = judge(genuine)\n        trust_forged = judge(forged)",
           "        trust_genuine = judge(genuine)\n        trust_forged = other(forged)", "value b",
           ("judge = Judge()", "judge, other = Judge(), Judge()")),
    Mutant("mean squares start at zero", "duel", "velocity.assign(tf.ones(velocity.shape))", "pass", "value b"),
    Mutant("decay of Keras' RMSprop", "duel", "rho=0.9", "rho=0.99", "optimizer RMSprop"),
    Mutant("momentum left out", "duel", "momentum=0.5, ", "", "optimizer RMSprop"),
    Mutant("beta left out", "duel", "beta_1=0.6, ", "", "optimizer Adam"),
    Mutant("noise drawn once", "duel", "for turn in range(15):\n    noise = np.random.uniform(-1.0, 1.0, (48, 3))",
           "noise = np.random.uniform(-1.0, 1.0, (48, 3))\nfor turn in range(15):", "value noise"),
    Mutant("wrong target", "duel", "tf.square(trust_forged - 1.0)", "tf.square(trust_forged)", "value b"),
    Mutant("mean over the wrong axis", "duel", "axis=0", "axis=1", "print 'mean of forgeries"),
    Mutant("moving averages not updated", "normalised", "momentum=0.8", "momentum=1.0", "print '[# # # # #]'"),
    Mutant("momentum of Keras' batch normalisation", "normalised", "BatchNormalization(momentum=0.8)", "BatchNormalization()", "print '[# # # # #]'"),
    Mutant("epsilon of another batch normalisation", "normalised", "BatchNormalization(momentum=0.8)",
           "BatchNormalization(momentum=0.8, epsilon=1e-5)", "print 'loss now #'"),
    Mutant("evaluation in training mode", "normalised", "network(x, training=False)", "network(x, training=True)", "print '[# # # # #]'"),
    Mutant("training in evaluation mode", "normalised", "train_scores = network(x, training=True)", "train_scores = network(x, training=False)",
           "print 'loss now #'"),
    Mutant("nesterov lost", "normalised", ", nesterov=True", "", "optimizer SGD"),
    Mutant("another pooling", "normalised", "AveragePooling2D", "MaxPooling2D", "print 'loss now #'"),
    Mutant("padding of the default", "normalised", 'padding="same", ', "", "print 'loss now #'"),
    Mutant("gradient into the labels", "agent", "tf.stop_gradient(tf.nn.softmax(self.target(seen) + worth))",
           "tf.nn.softmax(self.live(seen) * 0.0 + self.target(seen) + worth * tf.reduce_sum(self.live.w))", "value Agent.learn.cost"),
    Mutant("two networks became one", "agent", 'self.target = Values(sights, moves, "target")', "self.target = self.live", "value Agent.learn.cost"),
    Mutant("copy after training", "agent", "        self.copy()\n        cost = self.train(seen=sights, worth=worths).numpy()",
           "        cost = self.train(seen=sights, worth=worths).numpy()\n        self.copy()", "variable target/w:0"),
    Mutant("initial accumulator", "agent", "initial_accumulator_value=0.1", "initial_accumulator_value=0.0", "optimizer Adagrad"),
    Mutant("loss after the update", "agent", "zip(tape.gradient(loss, variables), variables))\n        return loss",
           "zip(tape.gradient(loss, variables), variables))\n        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=teacher, logits=self.live(seen)))",
           "value Agent.learn.cost"),
    Mutant("jolt drawn once", "walk", "@tf.function(input_signature=[drift])\ndef move(drift):\n    jolt = tf.random.normal([2], stddev=0.1)",
           "jolt = tf.random.normal([2], stddev=0.1)\n\n\n@tf.function(input_signature=[drift])\ndef move(drift):", "draws normal [2]"),
    Mutant("update before fetch", "walk", "return place.assign_add(jolt + drift)",
           "before = tf.identity(place)\n    place.assign_add(jolt + drift)\n    return before", "value path.append"),
    Mutant("stale learning rate", "walk", "return schedule(steps)", "return schedule(0)", "print 'scaled #'"),
    Mutant("no staircase", "walk", ", staircase=True", "", "print 'scaled #'"),
    Mutant("counter counts twice", "walk", "steps.assign(steps + 1)", "steps.assign(steps + 2)", "print 'after # at distance #'"),
    Mutant("file in another form", "walk", "for x, y in path", "for y, x in path", "value '%.5f,%.5f\\n'[0]"),
    Mutant("forget gate without its bias", "sequence", "return_state=True", "return_state=True, unit_forget_bias=False", "value value"),
    Mutant("cell state for the output", "sequence", "dense(last_h)", "dense(last_c)", "value value"),
    Mutant("sequence reversed", "sequence", "return_state=True", "return_state=True, go_backwards=True", "value value"),
    Mutant("clipping lost", "regression", "tf.clip_by_norm(g, 1.0)", "g", "value c"),
    Mutant("stale constant", "regression", "tf.constant(0.25)", "tf.constant(0.0)", "value first"),
    Mutant("variable fetched before the update", "regression", "    optimizer.apply_gradients(clipped)\n    return cost, slope.read_value()",
           "    now = tf.identity(slope)\n    optimizer.apply_gradients(clipped)\n    return cost, now", "value s"),
    Mutant("seed used again", "regression", "y_data = 3", "np.random.seed(0)\ny_data = 3", "value y_data"),
    Mutant("a variable that does not learn", "regression", "variables = [slope, level]", "variables = [slope]", "value c"),
)  # fmt: skip
