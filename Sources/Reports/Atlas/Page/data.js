// SPDX-License-Identifier: MIT
'use strict';

// The data files fill this: `index` at once, `layers` when a layer is looked at.
window.lucidAtlas = {index: null, layers: new Map()};

// The campaign, read from its index; what is shown, which the address tells; and the layer at hand.
let atlas;
const emptyView = {layer: null, neuron: null, picture: null, model: 0, compare: false, order: 'channel'};
let view = emptyView;
let layer = null;
let items = [];

function readIndex(index) {
    const layers = index.layers.map(([name, neurons, pictures, failed]) => ({name, neurons, pictures, failed}));
    const sum = key => layers.reduce((total, entry) => total + entry[key], 0);
    return {...index, layers, names: new Map(layers.map((entry, place) => [entry.name, place])),
        pictures: sum('pictures'), failed: sum('failed')};
}

// What is to be said of a picture that is not there: a campaign that has ended makes no more.
const absence = () => atlas.ended ? 'not made' : 'not there yet';

// A neuron's key: its channel, or that it is a direction.
function keyOf(channel) {
    return channel === null ? 'direction' : String(channel);
}

// The key that somebody wrote, with zeros in front of the channel perhaps; or null.
function readKey(text) {
    return /^\d+$/.test(text) ? text.replace(/^0+(?=\d)/, '') : text || null;
}

// One of several pictures of a neuron: its threshold, and its number where pictures are diverse.
function pictureKey(picture) {
    return picture.variant === null ? String(picture.threshold) : `${picture.threshold}-${picture.variant}`;
}

function readLayer(name, raw) {
    const sheets = new Map();
    for (const [file, model, width, height, tile, columns, x, y, dx, dy] of raw.sheets) {
        sheets.set(model, {file, width, height, tile, columns, x, y, dx, dy});
    }
    const neurons = new Map();
    for (const row of raw.pictures) {
        const [model, channel, variant, threshold, steps, seed, place, file, objective, difference, trace, error] = row;
        const key = keyOf(channel);
        if (!neurons.has(key)) neurons.set(key, {key, channel, pictures: atlas.models.map(() => []), exemplars: []});
        neurons.get(key).pictures[model].push(
            {model, channel, variant, threshold, steps, seed, place, file, objective, difference, trace, error});
    }
    for (const neuron of neurons.values()) neuron.first = neuron.pictures.map(firstPicture);
    for (const [model, channel, rank, image, value, file] of raw.exemplars) {
        neurons.get(keyOf(channel))?.exemplars.push({model, rank, image, value, file});
    }
    return {name, sheets, neurons};
}

// Of several, the last threshold's, and of these the first variant.
function firstPicture(pictures) {
    return pictures.reduce((best, next) => !best || next.threshold > best.threshold ? next : best, null);
}

const loading = new Map();

function load(name) {
    const ready = () => readLayer(name, window.lucidAtlas.layers.get(name));
    if (!loading.has(name)) {
        loading.set(name, new Promise((resolve, reject) => {
            const source = `data/${encodeURIComponent(name)}.js`;
            document.head.append(make('script', {
                src: source,
                onload: () => resolve(ready()),
                onerror: () => {
                    loading.delete(name);
                    reject(new Error(`${source} cannot be read`));
                },
            }));
        }));
    }
    return loading.get(name);
}
