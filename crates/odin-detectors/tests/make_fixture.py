"""Makes fixtures/small-case.npz and fixtures/small-scores.npz: a small network's evidence, seeded, and the score of every
detector by its definition, one image at a time. Needs numpy and scipy. Run it in this folder:

    python make_fixture.py

Every detector at its defaults under its key; other settings as KEY@KNOB=VALUE[,KNOB=VALUE].
"""
import numpy as np
from scipy.optimize import minimize, minimize_scalar

rng = np.random.default_rng(13)
N, M, V, D, C = 12, 160, 60, 16, 5


def some_features(count, spread=1.0):
    classes = rng.integers(0, C, count)
    return classes, np.maximum(centres[classes] + spread * rng.normal(size=(count, D)), 0).astype(np.float32)


def last_layer(h):
    return (h.astype(np.float64) @ weight.astype(np.float64).T + bias).astype(np.float32)


centres = rng.normal(0.6, 1.2, size=(C, D))
weight = (0.5 * (centres - centres.mean(0)) + 0.1 * rng.normal(size=(C, D))).astype(np.float32)
bias = rng.normal(0, 0.3, C).astype(np.float32)
fit_labels, fit_features = some_features(M)
_, near = some_features(N // 2)
_, far = some_features(N - N // 2, 3.0)
features = np.concatenate([near, far])
validation_labels, validation_features = some_features(V, 1.6)
moved = lambda h: np.maximum(h + rng.normal(0, 0.2, h.shape), 0).astype(np.float32)
case = dict(
    weight=weight, bias=bias, features=features, logits=last_layer(features), perturbed_features=moved(features),
    fit_features=fit_features, fit_logits=last_layer(fit_features), fit_perturbed_features=moved(fit_features),
    fit_labels=fit_labels.astype(np.uint8), validation_logits=last_layer(validation_features),
    validation_labels=validation_labels.astype(np.uint8),
)
case["perturbed_logits"] = (case["logits"] + rng.normal(0, 0.05, (N, C))).astype(np.float32)

# From here on in f64, as the detectors.
h, z, z_moved, h_moved = (case[k].astype(np.float64) for k in ("features", "logits", "perturbed_logits", "perturbed_features"))
H, Z, H_moved = (case[k].astype(np.float64) for k in ("fit_features", "fit_logits", "fit_perturbed_features"))
W, b, Y = weight.astype(np.float64), bias.astype(np.float64), fit_labels
GUESS = Z.argmax(1)


def lse(a):
    return a.max() + np.log(np.exp(a - a.max()).sum())


def soft(a, T=1.0):
    e = np.exp((a - a.max()) / T)
    return e / e.sum()


def unit(a):
    return a / np.sqrt((a * a).sum())


def greatest(a, percent_gone):
    """Places of the values that stay when so many percent go; of equal values the first stay."""
    stay = D - round(D * percent_gone / 100)
    return sorted(range(D), key=lambda j: (-a[j], j))[:stay]


def ratio(a, percent_gone):
    return a.sum() / a[greatest(a, percent_gone)].sum()


def E(a):
    return lse(W @ a + b)


def percentile(values, q):
    values = np.sort(np.ravel(values))
    place = q / 100 * (len(values) - 1)
    below = int(np.floor(place))
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def pinv(S):
    values, vectors = np.linalg.eigh(S)
    keep = values > 1e-15 * values.max()
    return (vectors[:, keep] / values[keep]) @ vectors[:, keep].T


def each(score, *arrays):
    return np.array([score(*row) for row in zip(*arrays)])


out = {}
out["baseline"] = each(lambda z: soft(z).max(), z)
for name, T in (("odin", 1000), ("odin@temperature=2", 2), ("i-odin", 1000)):
    out[name] = each(lambda z: soft(z, T).max(), z_moved)
out["max-logit"] = each(max, z)
out["energy"] = each(lse, z)
out["energy@temperature=3"] = each(lambda z: 3 * lse(z / 3), z)
out["entropy"] = each(lambda z: (soft(z) * np.log(soft(z))).sum(), z)
for name, gamma, most in (("gen", 0.1, 100), ("gen@gamma=0.5,classes=3", 0.5, 3)):
    out[name] = each(lambda z: -sum((p * (1 - p)) ** gamma for p in sorted(soft(z))[::-1][:most]), z)
likelihood = lambda log_t: -sum(np.log(soft(v, np.exp(log_t))[y]) for v, y in zip(case["validation_logits"].astype(float), validation_labels))
T = np.exp(minimize_scalar(likelihood, bounds=(-4, 6), method="bounded", options={"xatol": 1e-12}).x)
out["temp-scaling"] = each(lambda z: soft(z, T).max(), z)
templates = [np.mean([soft(v) for v, g in zip(Z, GUESS) if g == c], axis=0) for c in range(C)]
out["kl-matching"] = each(lambda z: -min((soft(z) * np.log(soft(z) / d)).sum() for d in templates), z)


def openmax(tail, alpha):
    alpha = min(alpha, C)
    models = []
    for c in range(C):
        rows = Z[(Y == c) & (GUESS == c)]
        mean = rows.mean(0)
        far = np.sort(np.linalg.norm(rows - mean, axis=1))[-tail:]
        x = far - far.min() + 10_000
        # The log-likelihood of a Weibull distribution; the scale that is best for a shape is known.
        logs = np.log(x / x.max())
        def cost(log_k):
            k = np.exp(log_k)
            scale_power = np.exp(k * logs).mean()
            return -(np.log(k) * len(x) + (k - 1) * logs.sum() - len(x) * np.log(scale_power) - len(x))
        k = np.exp(minimize_scalar(cost, bounds=(0, 20), method="bounded", options={"xatol": 1e-13}).x)
        models.append((mean, far.min(), k, np.log(x.max()) + np.log(np.exp(k * logs).mean()) / k))
    def score(z):
        revised, unknown = z.copy(), 0.0
        for rank, c in enumerate(sorted(range(C), key=lambda c: -z[c])[:alpha]):
            mean, least, k, log_scale = models[c]
            d = np.sqrt(((z - mean) ** 2).sum())
            w = 1 - np.exp(-np.exp(k * (np.log(d - least + 10_000) - log_scale)))
            part = z[c] * w * (alpha - rank) / alpha
            revised[c] -= part
            unknown += part
        return 1 - soft(np.append(revised, unknown))[-1]
    return each(score, z)


out["openmax"] = openmax(20, 10)
out["openmax@tail=10,alpha=3"] = openmax(10, 3)
out["gradnorm"] = each(lambda h, z: np.abs(h).sum() * np.abs(soft(z) - 1 / C).sum(), h, z)
for name, q in (("react", 90), ("react@percentile=60", 60)):
    out[name] = each(lambda h: E(np.minimum(h, percentile(H, q))), h)
for name, low, high in (("vra", 10, 90), ("vra@low=40,high=80", 40, 80)):
    bottom, top = percentile(H, low), percentile(H, high)
    out[name] = each(lambda h: E(np.array([0 if v < bottom else min(v, top) for v in h])), h)
for suffix, q in (("", 65), ("@percentile=30", 30)):
    def shaped(h, how):
        stay = greatest(h, q)
        result = np.zeros(D)
        result[stay] = how(h, stay)
        return E(result)
    out["ash-p" + suffix] = each(lambda h: shaped(h, lambda h, s: h[s]), h)
    out["ash-b" + suffix] = each(lambda h: shaped(h, lambda h, s: h.sum() / len(s)), h)
    out["ash-s" + suffix] = each(lambda h: shaped(h, lambda h, s: h[s] * np.exp(h.sum() / h[s].sum())), h)
for name, q in (("scale", 85), ("scale@percentile=50", 50)):
    out[name] = each(lambda h: E(h * np.exp(ratio(h, q))), h)
for name, q in (("lts", 95), ("lts@share=20", 80)):
    out[name] = each(lambda h, z: lse(z * ratio(h, q) ** 2), h, z)


def adascale(low, high, k1, k2, factor, on_logits):
    def Q(a, a2):
        order = greatest(a, 0)
        first = np.maximum(a2[order[: int(D * k1 / 100)]], 0).sum()
        second = order[: int(D * k2 / 100)]
        return first + factor * np.abs(a - a2)[second].sum()
    known = each(Q, H, H_moved)
    def score(h, h2, z):
        q = low + (1 - (known <= Q(h, h2)).mean()) * (high - low)
        return lse(z * ratio(h, q) ** 2) if on_logits else E(h * np.exp(ratio(h, q)))
    return each(score, h, h_moved, z)


for key, on_logits in (("adascale-a", False), ("adascale-l", True)):
    out[key] = adascale(75, 85, 5, 1, 10, on_logits)
    out[key + "@low=20,high=70,k1=50,k2=25,lambda=2"] = adascale(20, 70, 50, 25, 2, on_logits)
contribution = H.mean(0) * W
for name, q in (("dice", 90), ("dice@percentile=50", 50)):
    sparse = np.where(contribution > percentile(contribution, q), W, 0)
    out[name] = each(lambda h: lse(sparse @ h + b), h)
mu = H.mean(0)
out["fdbd"] = each(lambda h, z: sum((z.max() - z[c]) / np.linalg.norm(W[z.argmax()] - W[c]) for c in range(C) if c != z.argmax())
                   / (C - 1) / np.linalg.norm(h - mu), h, z)
for name, alpha in (("nci", 0), ("nci@alpha=0.01", 0.01)):
    out[name] = each(lambda h, z: W[z.argmax()] @ unit(h - mu) + alpha * np.abs(h).sum(), h, z)
out["she"] = each(lambda h, z: h @ H[(Y == z.argmax()) & (GUESS == z.argmax())].mean(0), h, z)
for name, k in (("knn", 50), ("knn@k=3", 3), ("knn@k=160", 160)):
    out[name] = each(lambda h: -np.sort([np.linalg.norm(unit(h) - unit(a)) for a in H])[k - 1], h)
for name, k in (("nnguide", 100), ("nnguide@k=7", 7)):
    out[name] = each(lambda h, z: lse(z) * np.mean(sorted([unit(h) @ unit(a) * lse(v) for a, v in zip(H, Z)])[::-1][:k]), h, z)
for suffix, prepare in (("", lambda a: a), ("-pp", unit)):
    A = np.array([prepare(row) for row in H])
    means = np.array([A[Y == c].mean(0) for c in range(C)])
    within = pinv(np.cov((A - means[Y]).T, bias=True) + np.outer(*[(A - means[Y]).mean(0)] * 2))
    over = pinv(np.cov(A.T, bias=True))
    square = lambda a, m, S: (a - m) @ S @ (a - m)
    out["mahalanobis" + suffix] = each(lambda h: -min(square(prepare(h), m, within) for m in means), h)
    out["rmd" + suffix] = each(lambda h: -min(square(prepare(h), m, within) - square(prepare(h), A.mean(0), over) for m in means), h)
o = np.linalg.lstsq(W, -b, rcond=None)[0]
vectors = np.linalg.svd(H - o)[2]
for suffix, dimensions in (("", D // 2), ("@dimensions=11", 11)):
    beyond = lambda a: np.linalg.norm(vectors[dimensions:] @ (a - o))
    out["residual" + suffix] = each(lambda h: -beyond(h), h)
    alpha = np.mean([v.max() for v in Z]) / np.mean([beyond(a) for a in H])
    out["vim" + suffix] = each(lambda h, z: lse(z) - alpha * beyond(h), h, z)
units = np.array([unit(a) for a in H])
gram = pinv(units.T @ units)


def regret(h, z):
    q = unit(h) @ gram @ unit(h)
    x = q / (1 + q)
    p = np.clip(soft(z), 1e-12, 1 - 1e-12)
    return -np.log((p / (p + (1 - p) * p**x)).sum()) / np.log(C)


out["pnml"] = each(regret, h, z)
np.savez_compressed("fixtures/small-case.npz", **case)
np.savez_compressed("fixtures/small-scores.npz", **out)
print(len(out), "settings; correctly guessed fit images by class:", np.bincount(Y[Y == GUESS]))
