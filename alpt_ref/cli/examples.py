"""Examples, with which the help of each command ends, and the longest of what stands before."""

TOP = """\
examples:
  alpt-ref train --out run                       a factorization machine on generated clicks
  alpt-ref train --train train.libsvm --test test.libsvm --format libsvm --model lr --out run
  alpt-ref evaluate --model run/model.npz --data test.libsvm
  alpt-ref predict --model run/model.npz --data new.libsvm --no-labels > probabilities.txt
  alpt-ref verify T1 L5                          put two statements to the test
  alpt-ref check-quantizer mymodule:Adapter      put a quantizer of yours to the test
  alpt-ref COMMAND --help                        every option, its default and its range
"""

TRAIN = """\
examples:
  generated clicks, 8-bit weights, stochastic rounding:
    alpt-ref train --precision lpt --bits 8 --epochs 5 --out run
  4-bit weights whose step sizes are learned, by Adam:
    alpt-ref train --precision alpt --bits 4 --optimizer adam --lr 1e-2 --step-lr 1e-4 --out run
  logistic regression on libfm files, by Adam:
    alpt-ref train --train train.libfm --valid valid.libfm --test test.libfm --format libfm \\
        --model lr --optimizer adam --lr 1e-3 --l2 1e-5 --batch-size 4096 --patience 2 --out run
  a table with a header, its rare values folded together, a tenth of its rows for --valid, a tenth for --test:
    alpt-ref train --train clicks.csv --format csv --label-column clicked --min-count 5 --out run
  a Parquet file, all of its rows:
    alpt-ref train --train clicks.parquet --format parquet --no-split --out run
  the original Criteo file, hashed, its malformed lines left out:
    alpt-ref train --train train.txt --format criteo --hash-bins 1000000 --on-bad-line skip --out run
  go on after an interruption, or for more epochs:
    the same command with --resume

DIR receives model.npz (the weights, and how to read data), metrics.json (described in docs/metrics.md)
and checkpoint.npz (rewritten after every epoch). A resumed run ends with the bits of an uninterrupted one.
"""

TRAIN_DATA = """\
Text may be compressed by gzip or bzip2. --train without --valid and --test is split 8:1:1 at random
into train, valid and test, as compare does; --seed has no part in it. Without --train, 20,000 clicks
are generated and split so. docs/data.md has more."""

EVALUATE = """\
example:
  alpt-ref evaluate --model run/model.npz --data test.libsvm --json test.json
"""

PREDICT = """\
examples:
  alpt-ref predict --model run/model.npz --data test.libsvm --out probabilities.txt
  alpt-ref predict --model run/model.npz --data new.csv --no-labels | head
"""

CONVERGENCE = """\
examples:
  alpt-ref convergence --quick                   generated problems only, in short runs
  alpt-ref convergence --data a9a w8a --out errors
  alpt-ref convergence --ctr-train train.libfm --ctr-valid valid.libfm --ctr-test test.libfm

SR is stochastic rounding, DR deterministic (nearest) rounding; docs/glossary.md has the other words.
DIR receives convergence.json, convergence.md and report.html; finished parts are kept there, so after an
interruption the same command goes on.
"""

COMPARE = """\
examples:
  alpt-ref compare --quick                       generated clicks, in seconds
  alpt-ref compare --data train.libfm --valid valid.libfm --test test.libfm --format libfm --threads 2
  alpt-ref compare --data ml-1m --format movielens --model lr --bits 4,2 --seeds 3 --epochs 8
  alpt-ref compare --methods fp32,lpt-sr,alpt-sr --bits 2 --out two_bits

Learning rates, of the weights and of the step sizes, and the range of LPT are tuned on validation AUC
with seed 0; seeds 1, 2, ... are tested. Decided are three claims of the paper: C2, stochastic rounding is
better (lpt-sr against lpt-dr, at every width), C3, so are learned step sizes (alpt-sr against lpt-sr, at
4 and 2 bits), and C4, 8 bits lose nothing (alpt-sr against fp32); C3 and C4 also for -f, which quantizes
factors only. docs/glossary.md has the other words. DIR receives compare.json, compare.md and report.html;
finished fits are kept there, so after an interruption the same command goes on.
"""

VERIFY = """\
examples:
  alpt-ref verify                                all statements, in a minute or two
  alpt-ref verify --list
  alpt-ref verify T1 L5(a) --full
  alpt-ref verify T1 --data a9a
  alpt-ref verify T1 --rule mymodule:rule        does the bound survive this rounding rule?
  alpt-ref verify --claim mymodule:claim         a bound of yours

mymodule.py, in the current folder:
  from alpt_ref.theory import Rule
  rule = Rule("mine", lambda q_floor, a: a**2)   # probability of rounding q_floor + a up

The exit code is 1 where a verdict is not the expected one. DIR receives verdicts.json, verdicts.md and
report.html; finished rows are kept there, so after an interruption the same command goes on.
docs/glossary.md has the words.
"""

CHECK_QUANTIZER = """\
examples:
  alpt-ref check-quantizer alpt_ref.testing.ours:Stochastic
  alpt-ref check-quantizer mymodule:Adapter --quick
  alpt-ref check-quantizer mymodule.py:Adapter unbiased grid-points-fixed --thorough --json found.json
  alpt-ref check-quantizer --list

mymodule.py, in the current folder:
  class Adapter:
      rounding = "stochastic"                    # or "nearest"
      def quantize(self, x, delta, bits, seed):  # float32 array in, multiples of delta out, same shape
          ...

A failure is shown with the smallest counterexample found. The exit code is 1 where a property fails.
docs/check-your-quantizer.md explains properties, and what an adapter can declare or add.
"""

RESULTS = """\
examples:
  alpt-ref results results/compare --out cells.parquet
  duckdb -c "select kind, count(*), sum(seconds) from 'cells.parquet' group by kind"

DIR is the --out of compare, convergence, verify, analysis/calibration.py or alpt_ablation.py, or a folder
with several of them. docs/sweeps.md has the columns.
Parquet is written by pyarrow: pip install 'alpt-ref[parquet]'.
"""

PLOT = """\
examples:
  alpt-ref plot convergence sr.npz dr.npz --out gap.pdf
  alpt-ref plot convergence sr.npz dr.npz --y regret --bound T1 --out regret.pdf
  alpt-ref plot law sr.npz dr.npz --steps 1,10,100 --out law.svg
  alpt-ref plot floors results/verify --out floors.pdf
  alpt-ref plot tightness results/verify --controls --out tightness.pdf
  alpt-ref plot calibration results/calibration --x eta --out calibration.png
  alpt-ref plot compare results/compare --out compare.pdf
  alpt-ref plot phase_diagram results/skewness --out phases.pdf

Runs are what alpt_ref.trace returns, saved by run.save(path). The same results give the same bytes.
docs/figures.md shows the same functions in Python.
"""
