"""Writes activations as other programs do, in several formats, and prints their CKA in double precision.

arrays.py FOLDER IMAGE...: one row for each image. In the folder are then

  x.npy, y.npy      float32 [n, 20, 6, 6] and float64 [n, 300], rows in the order given
  sharded           x by zarr-python, with shards, rows turned around, names in the attribute "images"
  plain             x by zarr-python in float64, without shards, several rows a chunk, names and digests in images.json
  empty             x with zeros in one row, whose chunks zarr-python does not store
  second-version    x in version 2 of Zarr
  fortran.npy       x in the other order of axes

The output is JSON: for each line of FOLDER/epochs.txt the biased and the debiased linear CKA of x and y.
"""
import hashlib, json, pathlib, sys, warnings
import numpy, zarr

warnings.simplefilter("ignore")
folder, images = pathlib.Path(sys.argv[1]), [pathlib.Path(image) for image in sys.argv[2:]]
folder.mkdir(exist_ok=True)
names = [image.name for image in images]
random = numpy.random.default_rng(7)
x = random.standard_normal((len(images), 20, 6, 6)).astype("float32") * 3 + 1
y = x.reshape(len(images), -1)[:, :300].astype("float64") + random.standard_normal((len(images), 300)) * 2
y = y.astype("float32").astype("float64")
numpy.save(folder / "x.npy", x)
numpy.save(folder / "y.npy", y)
numpy.save(folder / "fortran.npy", numpy.asfortranarray(x))


def write(name, values, **options):
    array = zarr.create_array(store=folder / name, shape=values.shape, dtype=values.dtype, **options)
    array[:] = values


write("sharded", x[::-1], chunks=(1, 7, 6, 6), shards=(8, 21, 6, 6), attributes={"images": names[::-1]})
write("plain", x.astype("float64"), chunks=(5, 9, 6, 6), fill_value=float("nan"))
rows = [{"image": f"/elsewhere/{image.name}", "sha256": hashlib.sha256(image.read_bytes()).hexdigest()} for image in images]
(folder / "plain" / "images.json").write_text(json.dumps(rows))
zeroed = x.copy()
zeroed[3] = 0
write("empty", zeroed, chunks=(1, 20, 6, 6), attributes={"images": names})
write("second-version", x, chunks=(1, 20, 6, 6), zarr_format=2)
(folder / "names.txt").write_text("".join(f"{name}\n" for name in names))


def similarity(first, second):
    n = len(first)
    centring = numpy.eye(n) - 1 / n
    k, l = (centring @ (m.reshape(n, -1).astype("float64") @ m.reshape(n, -1).astype("float64").T) @ centring
            for m in (first, second))

    def unbiased(a, b):
        a, b = a.copy(), b.copy()
        for m in (a, b):
            numpy.fill_diagonal(m, 0)
        one = numpy.ones(n)
        return ((a * b).sum() + (one @ a @ one) * (one @ b @ one) / ((n - 1) * (n - 2))
                - 2 / (n - 2) * (one @ a @ b @ one)) / (n * (n - 3))

    return {
        "cka": (k * l).sum() / numpy.sqrt((k * k).sum() * (l * l).sum()),
        "debiased": unbiased(k, l) / numpy.sqrt(unbiased(k, k) * unbiased(l, l)),
    }


epochs = [[int(word) for word in line.split()] for line in (folder.parent / "epochs.txt").read_text().splitlines()]
print(json.dumps([similarity(x[epoch], y[epoch]) for epoch in epochs]))
