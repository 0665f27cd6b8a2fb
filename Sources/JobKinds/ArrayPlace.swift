// SPDX-License-Identifier: MIT

public import HTTPTransfer
public import SystemPackage
public import TensorStorage

extension RowSource.Place {
    /// Where a text leads: an address of http or https, or a path below a folder.
    ///
    /// - Throws: `TransferError` for what is no address.
    public init(_ text: String, below folder: FilePath, by client: WebClient) throws(TransferError) {
        self = Self.isAddress(text) ? .address(try WebAddress(text), client) : .path(folder.pushing(FilePath(text)))
    }

    /// Whether a text is an address and no path.
    public static func isAddress(_ text: String) -> Bool {
        ["http://", "https://"].contains { text.lowercased().hasPrefix($0) }
    }
}
