"""TensorBoard's projector takes a folder, and calls a variable as the checkpoint does."""

from __future__ import annotations

from tf2migrate.facts.program import Program
from tf2migrate.lift import lift
from tf2migrate.migrate import migrate
from tf2migrate.model import Options

HEAD = """import os
import tensorflow as tf
from tensorflow.contrib.tensorboard.plugins import projector
LOG_DIR = "logs"
images = tf.Variable(tf.zeros([4, 3]), name="images")
"""
SAVED = """saver = tf.train.Saver([images])
with tf.Session() as sess:
    sess.run(images.initializer)
    saver.save(sess, os.path.join(LOG_DIR, "images.ckpt"))
"""
CONFIG = """config = projector.ProjectorConfig()
embedding = config.embeddings.add()
embedding.tensor_name = images.name
"""


def after(text: str) -> str:
    migration = migrate(text)
    assert not migration.remaining, migration.remaining
    return migration.after


def test_the_projector_is_tensorboards_and_finds_the_variable() -> None:
    text = after(HEAD + SAVED + CONFIG + "projector.visualize_embeddings(tf.summary.FileWriter(LOG_DIR), config)\n")
    assert "from tensorboard.plugins import projector\n" in text
    assert 'write_latest(saver, os.path.join(LOG_DIR, "images.ckpt"))\n' in text
    assert 'embedding.tensor_name = "images/.ATTRIBUTES/VARIABLE_VALUE"\n' in text
    assert text.endswith("projector.visualize_embeddings(LOG_DIR, config)\n")


def test_the_name_stays_of_what_is_not_saved() -> None:
    run = "with tf.Session() as sess:\n    sess.run(images.initializer)\n    print(sess.run(images))\n"
    text = after(HEAD + run + CONFIG + "projector.visualize_embeddings(tf.summary.FileWriter(LOG_DIR), config)\n")
    assert "embedding.tensor_name = images.name\n" in text


def test_the_module_written_out() -> None:
    text = HEAD.replace("from tensorflow.contrib.tensorboard.plugins import projector\n", "") + SAVED + CONFIG
    text = text.replace(" projector.", " tf.contrib.tensorboard.plugins.projector.")
    assert "from tensorboard.plugins import projector\n" in after(text)


def test_another_folder_by_now() -> None:
    text = 'writer = tf.summary.FileWriter(LOG_DIR)\nLOG_DIR = "others"\n'
    text = HEAD + SAVED + CONFIG + text + "projector.visualize_embeddings(writer, config)\n"
    assert migrate(text).after == text
    found = lift(Program(text), Options()).findings
    assert [f"{f.code} {f.message}" for f in found] == ["TFM901 LOG_DIR is another folder by now"]
