// SPDX-License-Identifier: MIT
'use strict';

// The address: #layer:neuron&picture=…&model=…&compare&order=…

const orders = ['channel', 'objective', 'difference'];

function parseAddress(hash) {
    const next = {...emptyView};
    let parts = [];
    try {
        parts = hash.replace(/^#/, '').split('&').map(decodeURIComponent);
    } catch {
        next.unknown = () => answer('This link cannot be read: what follows a “%” is no character.');
    }
    const [layerName, ...key] = (parts.shift() ?? '').split(':');
    if (atlas.names.has(layerName)) [next.layer, next.neuron] = [layerName, readKey(key.join(':'))];
    else if (layerName) next.unknown = () => answerNoLayer(layerName, readKey(key.join(':')));
    for (const part of parts) {
        const [key, value] = part.split(/=(.*)/s);
        if (key === 'compare') next.compare = atlas.models.length > 1;
        if (key === 'order' && orders.includes(value)) next.order = value;
        if (key === 'picture' && /^\d+(-\d+)?$/.test(value)) next.picture = value;
        if (key === 'model') next.model = atlas.models.indexOf(value);
        if (next.model < 0) next.unknown ??= () => answer(`There is no model “${shortened(value ?? '')}”.`);
    }
    // Another model's picture is not shown in its place.
    if (next.model < 0) [next.model, next.neuron] = [0, next.compare ? next.neuron : null];
    next.layer ??= (atlas.layers.find(entry => entry.pictures > 0) ?? atlas.layers[0])?.name ?? null;
    return next;
}

function formatAddress(state) {
    const parts = [state.layer + (state.neuron === null ? '' : `:${state.neuron}`)];
    if (state.neuron !== null && state.picture !== null) parts.push(`picture=${state.picture}`);
    if (state.model > 0) parts.push(`model=${atlas.models[state.model]}`);
    if (state.compare) parts.push('compare');
    if (state.order !== 'channel') parts.push(`order=${state.order}`);
    return '#' + parts.join('&');
}

// Changes what is shown by way of the address, so that reload, back and forward work.
function go(change, replace = false) {
    const hash = formatAddress({...view, ...change});
    if (hash === location.hash) return;
    if (replace) location.replace(hash);
    else location.hash = hash;
    follow();
}

let followed = null;

async function follow() {
    if (location.hash === followed) return;
    followed = location.hash;
    const next = parseAddress(location.hash);
    const isOtherLayer = next.layer !== layer?.name;
    const needsOrder = isOtherLayer || next.order !== view.order || next.model !== view.model;
    const isOtherGrid = needsOrder || next.compare !== view.compare;
    view = next;
    view.unknown?.();
    if (view.layer === null) return showEmpty('This campaign has no layers.');
    showControls();
    if (isOtherLayer) {
        try {
            const loaded = await load(view.layer);
            if (loaded.name !== view.layer) return;
            layer = loaded;
        } catch (error) {
            layer = null;
            return showEmpty(`The layer cannot be shown: ${error.message}.`);
        }
        grid.focused = 0;
    }
    if (needsOrder) items = inOrder([...layer.neurons.values()]);
    if (isOtherGrid) showGrid(isOtherLayer);
    showViewer();
}

// What neurons are ordered by and show in the grid, or null.
function orderingValue(neuron, model) {
    if (view.order !== 'difference') return neuron.first[model]?.objective ?? null;
    if (model > 0) return neuron.first[model]?.difference ?? null;
    // The base model differs from itself in nothing: for it, the largest difference of another counts.
    const differences = neuron.first.map(other => other?.difference ?? null).filter(value => value !== null);
    return differences.length > 0 ? Math.max(...differences) : null;
}

function inOrder(neurons) {
    const channel = (a, b) => (a.channel ?? -1) - (b.channel ?? -1);
    if (view.order === 'channel') return neurons.sort(channel);
    const values = new Map(neurons.map(neuron => [neuron, orderingValue(neuron, view.model) ?? -Infinity]));
    return neurons.sort((a, b) => values.get(b) === values.get(a) ? channel(a, b) : values.get(b) - values.get(a));
}
