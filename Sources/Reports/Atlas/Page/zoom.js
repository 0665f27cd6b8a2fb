// SPDX-License-Identifier: MIT
'use strict';

// Zoom and pan are those of all pictures shown, so that the same place is compared.

function applyZoom() {
    const limit = (zoom.scale - 1) / 2;
    zoom.x = Math.min(limit, Math.max(-limit, zoom.x));
    zoom.y = Math.min(limit, Math.max(-limit, zoom.y));
    for (const image of $('viewer-body').querySelectorAll('.stage img')) {
        image.style.transform = `translate(${zoom.x * 100}%, ${zoom.y * 100}%) scale(${zoom.scale})`;
        image.classList.toggle('pixels', zoom.scale >= 4);
    }
    $('viewer-body').classList.toggle('zoomed', zoom.scale > 1);
    $('zoom').textContent = `${Math.round(zoom.scale * 100)}%`;
}

// The point, in parts of the picture from its middle, stays where it is.
function zoomBy(factor, point = {x: 0, y: 0}) {
    const scale = Math.min(16, Math.max(1, zoom.scale * factor));
    const change = scale / zoom.scale;
    zoom.x = point.x - (point.x - zoom.x) * change;
    zoom.y = point.y - (point.y - zoom.y) * change;
    zoom.scale = scale;
    applyZoom();
}

function followPointers(body) {
    const pointers = new Map();
    const place = (frame, event) => {
        const box = frame.getBoundingClientRect();
        const side = Math.min(box.width, box.height);
        return {
            x: (event.clientX - box.left - box.width / 2) / side,
            y: (event.clientY - box.top - box.height / 2) / side,
        };
    };
    body.addEventListener('wheel', event => {
        const frame = event.target.closest('.stage');
        if (!frame) return;
        event.preventDefault();
        zoomBy(Math.exp(-event.deltaY * 0.002), place(frame, event));
    }, {passive: false});
    body.addEventListener('pointerdown', event => {
        const frame = event.target.closest('.stage');
        if (!frame || event.button !== 0) return;
        frame.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, place(frame, event));
    });
    body.addEventListener('pointermove', event => {
        const before = pointers.get(event.pointerId);
        const frame = event.target.closest('.stage');
        if (!before || !frame) return;
        const now = place(frame, event);
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
        if (other) {
            const distance = point => Math.hypot(point.x - other.x, point.y - other.y);
            if (distance(before) > 0.01) zoomBy(distance(now) / distance(before), other);
        } else {
            [zoom.x, zoom.y] = [zoom.x + now.x - before.x, zoom.y + now.y - before.y];
            applyZoom();
        }
        pointers.set(event.pointerId, now);
    });
    for (const end of ['pointerup', 'pointercancel']) {
        body.addEventListener(end, event => pointers.delete(event.pointerId));
    }
    body.addEventListener('dblclick', event => {
        const frame = event.target.closest('.stage');
        if (frame) zoomBy(zoom.scale > 1 ? 1 / 16 : 4, place(frame, event));
    });
}
