// SPDX-License-Identifier: MIT
'use strict';

// The grid. Only the neurons in and near the window are in the document, whatever their number.

const tileSide = 112;
const leastSide = 88;
const grid = {columns: 1, side: tileSide, width: tileSide, height: 0, dx: 0, dy: 0, focused: 0, first: 0, end: 0};

function measureGrid() {
    const panel = getComputedStyle($('panel'));
    const space = $('panel').clientWidth - parseFloat(panel.paddingLeft) - parseFloat(panel.paddingRight);
    const [gap, frame, between] = view.compare ? [14, 18, 4] : [10, 0, 0];
    const models = view.compare ? atlas.models.length : 1;
    const widthOf = (tiles, side) => tiles * (side + between) - between + frame;
    const perLine = Math.max(1, Math.min(models, Math.floor((space - frame + between) / (leastSide + between))));
    // In rows of models, tiles shrink somewhat where one more column fits then.
    const least = widthOf(perLine, view.compare ? leastSide : tileSide);
    grid.columns = Math.max(1, Math.floor((space + gap) / (least + gap)));
    const widest = Math.floor((space + gap) / grid.columns) - gap;
    grid.side = Math.min(tileSide, Math.floor((widest - frame + between) / perLine) - between);
    grid.width = widthOf(perLine, grid.side);
    grid.height = view.compare ? 34 + Math.ceil(models / perLine) * (grid.side + 24) : grid.side + 22;
    grid.dx = Math.min((space + gap) / grid.columns, grid.width + gap * 3);
    grid.dy = grid.height + gap;
    $('grid').style.setProperty('--side', `${grid.side}px`);
}

function showGrid(fromStart) {
    $('grid').hidden = items.length === 0;
    $('empty').hidden = items.length > 0;
    if (items.length === 0) return showEmpty(`No picture of this layer ${atlas.ended ? 'was made' : 'is there yet'}.`);
    measureGrid();
    $('grid').classList.toggle('comparing', view.compare);
    $('grid').style.height = `${Math.ceil(items.length / grid.columns) * grid.dy}px`;
    showSummary();
    if (fromStart) window.scrollTo(0, 0);
    fillGrid(true);
}

function fillGrid(isNew = false) {
    if (!layer || $('grid').hidden) return;
    const top = $('grid').getBoundingClientRect().top;
    const rows = Math.ceil(items.length / grid.columns);
    const firstRow = Math.min(rows, Math.max(0, Math.floor(-top / grid.dy) - 2));
    const lastRow = Math.min(rows, Math.ceil((window.innerHeight - top) / grid.dy) + 2);
    const [first, end] = [firstRow * grid.columns, Math.min(items.length, Math.max(lastRow, firstRow) * grid.columns)];
    if (!isNew && first === grid.first && end === grid.end) return;
    const kept = new Map(isNew ? [] : [...$('grid').children].map(cell => [Number(cell.dataset.place), cell]));
    for (const [place, cell] of kept) if (place < first || place >= end) cell.remove();
    const cells = [];
    for (let place = first; place < end; place += 1) cells.push(kept.get(place) ?? cell(place));
    if (isNew) $('grid').replaceChildren(...cells);
    else cells.forEach((cell, index) => {
        if ($('grid').children[index] !== cell) $('grid').insertBefore(cell, $('grid').children[index] ?? null);
    });
    [grid.first, grid.end] = [first, end];
    const focused = Math.min(Math.max(grid.focused, first), end - 1);
    for (const cell of cells) cell.firstChild.tabIndex = Number(cell.dataset.place) === focused ? 0 : -1;
}

function cell(place) {
    const neuron = items[place];
    const name = `${layer.name}:${neuron.key}`;
    const content = view.compare
        ? [make('span', {class: 'name'}, name), make('span', {class: 'row'},
            ...neuron.first.map((_, model) => tile(neuron, model, bdi(atlas.models[model]))))]
        : [tile(neuron, view.model, neuron.key)];
    const description = neuron.first.filter((_, model) => view.compare || model === view.model)
        .map(describe);
    const button = make('button', {
        type: 'button',
        'aria-label': `${name}, ${description.join(', ')}`,
        'data-label': view.compare ? null : `${name}\n${description[0]}`,
        onclick: () => go({neuron: neuron.key}), onfocus: () => { grid.focused = place; },
    }, ...content);
    const element = make('div', {role: 'listitem', class: 'cell', 'data-place': place,
        'aria-setsize': items.length, 'aria-posinset': place + 1}, button);
    const [column, row] = [place % grid.columns, Math.floor(place / grid.columns)];
    element.style.transform = `translate(${Math.round(column * grid.dx)}px, ${row * grid.dy}px)`;
    element.style.width = `${grid.width}px`;
    return element;
}

function describe(picture) {
    if (!picture) return absence();
    return picture.file ? `objective ${number(picture.objective)}` : 'failed';
}

function tile(neuron, model, caption) {
    const picture = neuron.first[model];
    const isBase = view.compare && view.order === 'difference' && model === 0;
    const value = picture?.file && !isBase ? number(orderingValue(neuron, model)) : '';
    const title = view.compare ? `${atlas.models[model]}\n${describe(picture)}` : null;
    return make('span', {class: 'tile', title}, thumbnail(picture, model),
        make('span', {class: 'caption'}, make('b', {}, caption), make('span', {}, value)));
}

// A piece of the layer's sheet, or the picture itself where the sheet was drawn before it was there.
function thumbnail(picture, model) {
    if (!picture) return make('span', {class: 'thumb missing'}, absence());
    if (!picture.file) return make('span', {class: 'thumb failed'}, make('b', {}, 'failed'), bdi(picture.error ?? ''));
    const sheet = layer.sheets.get(model);
    if (!sheet || picture.place === null) {
        return make('span', {class: 'thumb'}, make('img', {src: address(picture.file), alt: '', decoding: 'async'}));
    }
    const scale = grid.side / sheet.tile;
    const [column, row] = [picture.place % sheet.columns, Math.floor(picture.place / sheet.columns)];
    const span = make('span', {class: 'thumb'});
    span.style.backgroundImage = `url("${address(sheet.file)}")`;
    span.style.backgroundSize = `${sheet.width * scale}px ${sheet.height * scale}px`;
    const [x, y] = [sheet.x + column * sheet.dx, sheet.y + row * sheet.dy];
    span.style.backgroundPosition = `${-x * scale}px ${-y * scale}px`;
    return span;
}

function focusPlace(place) {
    if (items.length === 0) return;
    grid.focused = Math.min(Math.max(place, 0), items.length - 1);
    const row = Math.floor(grid.focused / grid.columns);
    const top = $('grid').getBoundingClientRect().top + row * grid.dy;
    const bar = Math.max(0, document.querySelector('.bar').getBoundingClientRect().bottom) + 8;
    if (top < bar) window.scrollBy(0, top - bar);
    else if (top + grid.dy > window.innerHeight) window.scrollBy(0, top + grid.dy - window.innerHeight + 8);
    fillGrid();
    $('grid').querySelector(`[data-place="${grid.focused}"]`)?.firstChild.focus({preventScroll: true});
}
