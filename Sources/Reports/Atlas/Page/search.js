// SPDX-License-Identifier: MIT
'use strict';

function answer(message, suggestions = []) {
    $('answer').hidden = !message;
    $('answer').replaceChildren(make('p', {}, message), ...suggestions.map(([text, change]) => make('button', {
        type: 'button', onclick: () => {
            answer('');
            $('query').value = '';
            go(change);
        },
    }, text)));
}

function answerMissing(where, key) {
    const channels = [...where.neurons.values()].map(neuron => neuron.channel).filter(channel => channel !== null);
    channels.sort((a, b) => a - b);
    const near = [...channels].sort((a, b) => Math.abs(a - Number(key)) - Math.abs(b - Number(key))).slice(0, 3);
    const range = channels.length === 0 ? ''
        : ` The atlas has ${count(channels.length)} of its neurons, from ${channels[0]} to ${channels.at(-1)}.`;
    const others = [...where.neurons.has('direction') ? ['direction'] : [], ...near.map(String)];
    answer(`There is no picture of ${where.name}:${shortened(key)}.${range}`, others.map(other =>
        [`${where.name}:${other}`, {layer: where.name, neuron: other}]));
}

function answerNoLayer(name, neuron) {
    const close = suggestLayers(name);
    const question = close.length > 0 ? ' Did you mean:' : '';
    const channel = /^\d+$/.test(neuron ?? '') ? neuron : null;
    answer(`There is no layer “${shortened(name)}”.${question}`, close.map(other =>
        [channel === null ? other : `${other}:${channel}`, {layer: other, neuron: channel}]));
}

// A layer's name and a neuron's key; of the layer that is shown where none is named.
function readQuery(query) {
    if (/^\d+$/.test(query) || query === 'direction') return [view.layer, readKey(query)];
    const [name, ...key] = query.split(':').map(part => part.trim());
    const neuron = readKey(key.join(':'));
    return [name || (neuron === null ? query : view.layer), neuron];
}

async function find(text) {
    const query = text.trim();
    if (query === '' || view.layer === null) return answer('');
    const [name, neuron] = readQuery(query);
    if (!atlas.names.has(name)) return answerNoLayer(name, neuron);
    if (neuron !== null) {
        try {
            const loaded = await load(name);
            if (!loaded.neurons.has(neuron)) return answerMissing(loaded, neuron);
        } catch (error) {
            return answer(`The layer cannot be searched: ${error.message}.`);
        }
    }
    answer('');
    $('query').value = '';
    $('query').blur();
    go({layer: name, neuron});
}

function suggestLayers(name) {
    const wanted = name.slice(0, 80).toLowerCase();
    const scored = atlas.layers.map(entry => {
        const other = entry.name.toLowerCase();
        return [wanted && other.includes(wanted) ? 0 : editDistance(wanted, other), entry.name];
    });
    return scored.filter(([score]) => score <= Math.max(2, wanted.length / 2)).sort((a, b) => a[0] - b[0])
        .slice(0, 5).map(([, other]) => other);
}

function editDistance(a, b) {
    let row = Array.from({length: b.length + 1}, (_, column) => column);
    for (let i = 1; i <= a.length; i += 1) {
        const next = [i];
        for (let j = 1; j <= b.length; j += 1) {
            next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
        }
        row = next;
    }
    return row[b.length];
}
