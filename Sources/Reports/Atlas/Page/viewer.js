// SPDX-License-Identifier: MIT
'use strict';

// One neuron in full: of one model, or of all side by side.

const zoom = {scale: 1, x: 0, y: 0};
let opened = null;

function showViewer() {
    const neuron = view.neuron === null ? null : layer.neurons.get(view.neuron);
    if (view.neuron !== null && !neuron) answerMissing(layer, view.neuron);
    if (!neuron) return $('viewer').close();
    const place = items.indexOf(neuron);
    // The same place stays in view from model to model and from picture to picture.
    if (opened !== neuron || !$('viewer').open) Object.assign(zoom, {scale: 1, x: 0, y: 0});
    opened = neuron;
    $('viewer-name').textContent = `${layer.name}:${neuron.key}`;
    $('viewer-compare').setAttribute('aria-pressed', view.compare);
    $('viewer-models').hidden = view.compare || atlas.models.length < 2;
    offer($('viewer-models'), atlas.models.map((name, model) =>
        ({name, isChosen: model === view.model, choose: () => go({model}, true)})));
    offerPictures(neuron);
    for (const [act, other] of [['previous', place - 1], ['next', place + 1]]) {
        $('viewer').querySelector(`[data-act=${act}]`).disabled = !items[other];
    }
    $('viewer-body').className = `viewer-body ${view.compare ? 'many' : 'one'}`;
    $('viewer-body').replaceChildren(...(view.compare ? sideBySide(neuron) : alone(neuron)));
    applyZoom();
    if (!$('viewer').open) $('viewer').showModal();
    // Only now have they a place.
    for (const list of ['viewer-models', 'viewer-pictures']) showChosen($(list));
}

// Buttons of which one is chosen.
function offer(list, choices) {
    const hadFocus = list.contains(document.activeElement);
    list.replaceChildren(...choices.map(({name, isChosen, choose}) => make('button', {
        type: 'button', title: name, 'aria-pressed': String(isChosen), onclick: choose,
    }, bdi(name))));
    if (hadFocus) list.querySelector('[aria-pressed="true"]')?.focus();
}

function showChosen(list) {
    const button = list.querySelector('[aria-pressed="true"]');
    if (button) list.scrollTop = button.offsetTop - list.offsetTop - (list.clientHeight - button.offsetHeight) / 2;
}

// Several thresholds, or diverse pictures, of one neuron: those that any model has.
function offerPictures(neuron) {
    const known = new Map(neuron.pictures.flat().map(picture => [pictureKey(picture), picture]));
    const sorted = [...known.values()].sort((a, b) => a.threshold - b.threshold || a.variant - b.variant);
    const first = pictureKey(firstPicture(sorted));
    const chosen = chosenPicture(neuron) ?? first;
    $('viewer-pictures').hidden = sorted.length < 2;
    offer($('viewer-pictures'), sorted.map(picture => {
        const key = pictureKey(picture);
        return {
            name: plural(picture.threshold, 'step') + (picture.variant === null ? '' : `, no. ${picture.variant}`),
            isChosen: key === chosen,
            choose: () => go({picture: key === first ? null : key}, true),
        };
    }));
}

// The key of the picture that was chosen, where any model has such a picture of this neuron.
function chosenPicture(neuron) {
    return neuron.pictures.flat().map(pictureKey).find(key => key === view.picture) ?? null;
}

// The picture of a model that is looked at.
function shownPicture(neuron, model) {
    const chosen = chosenPicture(neuron);
    if (chosen === null) return neuron.first[model];
    return neuron.pictures[model].find(picture => pictureKey(picture) === chosen) ?? null;
}

// A browser also closes it by itself, by Escape or a gesture, and gives the focus back to where it was opened.
function viewerClosed() {
    if (view.neuron !== null) go({neuron: null});
    const place = items.indexOf(opened);
    if (place >= 0 && document.activeElement !== $('query')) focusPlace(place);
}

function stage(picture, name) {
    const frame = make('div', {class: 'stage'});
    if (picture?.file) {
        frame.append(make('img', {src: address(picture.file), alt: `What ${name} responds to`, draggable: 'false'}));
    } else if (picture) {
        const reason = bdi(picture.error ?? '');
        frame.append(make('div', {class: 'message', role: 'note'}, make('b', {}, 'This picture failed.'), reason));
    } else {
        frame.append(make('div', {class: 'message'}, `This picture ${atlas.ended ? 'was' : 'is'} ${absence()}.`));
    }
    return frame;
}

function sideBySide(neuron) {
    const pictures = atlas.models.map((_, model) => shownPicture(neuron, model));
    return pictures.map((picture, model) => make('figure', {},
        stage(picture, `${layer.name}:${neuron.key} of ${atlas.models[model]}`),
        make('figcaption', {}, make('h3', {}, bdi(atlas.models[model])),
            make('dl', {class: 'facts'}, ...facts([['Objective', number(picture?.objective, 4)],
                [`Difference from ${atlas.models[0]}`, model === 0 ? 'the base' : number(picture?.difference)],
            ])),
            sparkline(picture), exemplars(neuron, model, 4))));
}

function alone(neuron) {
    const picture = shownPicture(neuron, view.model);
    const name = `${layer.name}:${neuron.key} of ${atlas.models[view.model]}`;
    const rows = [['Objective', number(picture?.objective, 5)]];
    if (view.model > 0) rows.push([`Difference from ${atlas.models[0]}`, number(picture?.difference)]);
    if (picture) rows.push(['Steps', count(picture.steps)], ['Seed', String(picture.seed)]);
    return [
        stage(picture, name),
        make('aside', {},
            make('dl', {class: 'facts'}, ...facts(rows)),
            sparkline(picture),
            exemplars(neuron, view.model, 12),
            make('details', {}, make('summary', {}, 'Settings'),
                make('dl', {class: 'facts'}, ...facts(atlas.parameters))),
            picture?.file ? fileLink(picture.file) : null),
    ];
}

function fileLink(file) {
    return make('p', {class: 'file'}, make('a', {href: address(file), target: '_blank', rel: 'noopener'}, bdi(file)));
}

function sparkline(picture) {
    const values = (picture?.trace ?? []).filter(value => value !== null);
    if (values.length < 2) return null;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const points = values.map((value, step) =>
        `${(step / (values.length - 1) * 200).toFixed(1)},${(38 - (value - low) / (high - low || 1) * 36).toFixed(1)}`);
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    const line = document.createElementNS(space, 'polyline');
    svg.setAttribute('viewBox', '0 0 200 40');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('role', 'img');
    const ends = [number(values[0]), number(values.at(-1))];
    svg.setAttribute('aria-label', `The objective from ${ends[0]} to ${ends[1]} over the steps`);
    line.setAttribute('points', points.join(' '));
    svg.append(line);
    return make('div', {class: 'spark'}, svg, make('p', {}, make('span', {}, ends[0]),
        make('span', {}, `over ${plural(picture.steps, 'step')}`), make('span', {}, ends[1])));
}

function exemplars(neuron, model, limit) {
    const images = neuron.exemplars.filter(image => image.model === model).slice(0, limit);
    if (images.length === 0) return null;
    return make('section', {class: 'exemplars'}, make('h3', {}, 'Images that drive it most'),
        make('ul', {}, ...images.map(image => make('li', {title: `${image.image}\n${number(image.value, 4)}`},
            make('img', {src: address(image.file), alt: image.image, loading: 'lazy'}),
            make('span', {class: 'caption'},
                make('b', {}, bdi(image.image.split('/').at(-1))), make('span', {}, number(image.value)))))));
}
