// SPDX-License-Identifier: MIT

internal import Drawing
private import ImageCoding

/// Where the tiles of a sheet are, in pixels, so that the sheet serves as a store of thumbnails.
public struct AtlasSheetGeometry: Equatable, Sendable {
    /// The sheet's width.
    public let width: Int
    /// The sheet's height.
    public let height: Int
    /// A tile's side, without its caption.
    public let tile: Int
    /// Tiles in a row.
    public let columns: Int
    /// The first tile's left edge.
    public let originX: Int
    /// The first tile's upper edge.
    public let originY: Int
    /// From a tile to the next in the row.
    public let pitchX: Int
    /// From a row to the next.
    public let pitchY: Int
    /// The places of the neurons that have a picture, by channel, from 0.
    public let places: [Int?: Int]

    /// Between two tiles of a row.
    let gap = 8

    /// As many columns as rows, or more where the sheet would be too high.
    init(tiles: [AtlasSheet.Tile]) throws(DrawingError) {
        let sides = tiles.compactMap(\.thumbnail).map { max($0.width, $0.height) }
        tile = sides.max() ?? PictureThumbnail.side
        (originX, originY) = (16, 48)
        // A caption needs some width, however small the pictures are.
        pitchX = max(tile, 72) + gap
        pitchY = tile + 28
        let mostRows = (Canvas.longestSide - originY) / pitchY
        let root = Int(Double(tiles.count).squareRoot().rounded(.up))
        let columns = max(root, mostRows == 0 ? tiles.count : (tiles.count + mostRows - 1) / mostRows)
        self.columns = columns
        width = 2 * originX + columns * pitchX - gap
        height = originY + (columns == 0 ? 0 : (tiles.count + columns - 1) / columns) * pitchY
        guard !tiles.isEmpty, width <= Canvas.longestSide, height <= Canvas.longestSide else {
            throw .noPicture(width: width, height: height)
        }
        let pictured = tiles.enumerated().filter { $1.thumbnail != nil }
        places = Dictionary(pictured.map { ($1.channel, $0) }) { first, _ in first }
    }

    private init(_ other: AtlasSheetGeometry, width: Int) {
        self.width = width
        height = other.height
        tile = other.tile
        columns = other.columns
        (originX, originY) = (other.originX, other.originY)
        (pitchX, pitchY) = (other.pitchX, other.pitchY)
        places = other.places
    }

    func widened(to width: Int) -> AtlasSheetGeometry { AtlasSheetGeometry(self, width: width) }

    /// A tile's upper left corner.
    func corner(of place: Int) -> (x: Int, y: Int) {
        (originX + place % columns * pitchX, originY + place / columns * pitchY)
    }
}
