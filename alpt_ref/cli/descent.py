"""The options of ``train`` about descent: of weights, and of step sizes that are learned."""

from alpt_ref.cli.parsing import Options, by_part, integer, number

STEPS: Options = (
    ("--step", "UNIT[,UNIT]", by_part(str, "word"), "weights that share a step size, row or table; one, or two as "
     "linear,factors (default: table with pact, else table,row)"),
    ("--step-lr", "X", number, "learning rate of step sizes, 0 or more, with the same schedule (default: 2e-05)"),
    ("--step-optimizer", "sgd|momentum|adam|adagrad", str, "direction of a step on step sizes (default: that of the weights)"),
    ("--step-scale", "SCALE", str, "alpt, lsq: factor of their gradient: 1, 1/sqrt(Nq), 1/sqrt(bNq), 1/sqrt(dq), "
     "1/sqrt(bdq) or 1/sqrt(N(q+1)); N weights that share one, d in a row, q = 2^(bits-1)-1, b examples "
     "(default: 1/sqrt(bNq))"),
    ("--step-l2", "X", number, "adds X/2 times the squared step sizes to their loss, 0 or more (default: 0.0)"),
    ("--step-init", "SCALE", str, "the first is 2 mean|w| times this, 1/sqrt(q) or 1/sqrt(q+1) (default: 1/sqrt(q))"),
    ("--step-offset", "X", number, "a step size is X more than the absolute value of what is learned, 0 or more "
     "(default: 0.0)"),
    ("--ends", "clipped|inside", str, "what a weight exactly at an end of the range counts as (default: clipped)"),
)  # fmt: skip
DESCENT: Options = (
    ("--optimizer", "sgd|momentum|adam|adagrad|ftrl", str, "direction of a step (default: sgd)"),
    ("--momentum", "X", number, "momentum: part of the last step that goes on, 0 or more and below 1 (default: 0.9)"),
    ("--l1", "X", number, "ftrl: its lambda_1, 0 or more; --l2 is its lambda_2 (default: 0.0)"),
    ("--beta", "X", number, "ftrl: a learning rate is lr/(X + root of the sum of squared gradients), above 0 (default: 1.0)"),
    ("--lr", "X", number, "learning rate, above 0 (default: 0.1)"),
    ("--schedule", "constant|sqrt", str, "lr, or lr/sqrt(t) in step t; not with ftrl (default: constant)"),
    ("--update", "touched|dense", str, "rows that a step moves: those of the batch, or all "
     "(default: touched with lpt and alpt, else dense)"),
    ("--l2", "X", number, "adds X/2 times the squared weights to the loss, 0 or more (default: 0.0)"),
    ("--batch-size", "N", integer, "examples of a step, 1 or more (default: 256)"),
    ("--epochs", "N", integer, "passes over the training data, 1 or more (default: 10)"),
    ("--patience", "N", integer, "stop after N epochs without a better AUC on --valid, 1 or more "
     "(default: never)"),
    ("--seed", "N", integer, "of everything random, 0 to 2^64-1 (default: 0)"),
)  # fmt: skip
