// SPDX-License-Identifier: MIT

internal import HTTPTransfer
internal import SystemPackage
private import SystemSupport

extension RowSource.Place {
    /// Opens the array as what its content is.
    func rows() throws -> any Rows {
        switch self {
        case .path(let path): try rows(atPath: path)
        case .address(let address, let client): try rows(at: address, by: client)
        }
    }

    private func rows(atPath path: FilePath) throws -> any Rows {
        if let folder = try? LocalFileSystem().open(toRead: path, options: .directory) {
            try? folder.close()
            return try ZarrRows(self)
        }
        let file = try ShardOnDisk(opening: path)
        return try numPyRows(of: file, isRemote: false)
    }

    /// An address does not tell whether it is a file's or a folder's: what its name suggests is tried first.
    private func rows(at address: WebAddress, by client: WebClient) throws -> any Rows {
        let file = RemoteShard(file: RemoteFile(address, by: client))
        if address.lastName.lowercased().hasSuffix(".npy") {
            do {
                return try numPyRows(of: file, isRemote: true)
            } catch let error where mayBeOther(error) {
                guard let rows = try? ZarrRows(self) else { throw error }
                return rows
            }
        }
        do {
            return try ZarrRows(self)
        } catch let error where mayBeOther(error) && !(error is TensorFileError) {
            // What a server shows of a folder, as a page, says nothing of the array.
            let beginning: [UInt8]
            do { beginning = try self.beginning(of: file) } catch let refusal {
                // What is not there is a folder by the first error; what is there and cannot be read says why itself.
                if let refusal = refusal as? TransferError, refusal.isRefusal { throw error }
                throw (refusal as? ShardError)?.reason == .missingFile ? error : refusal
            }
            guard beginning.first != UInt8(ascii: "<") else { throw error }
            return try numPyRows(of: file, isRemote: true)
        }
    }

    private func numPyRows(of file: any ShardSource, isRemote: Bool) throws -> NumPyRows {
        let beginning = try beginning(of: file)
        guard beginning.starts(with: NumPyHeader.magic) else {
            throw TensorFileError.refused(
                format: "array",
                reason: "\(kind(of: beginning)), and neither a .npy file nor a Zarr folder; write one array, a row an "
                    + "image: numpy.save(\"layer.npy\", array)"
            )
        }
        return try NumPyRows(file, isRemote: isRemote)
    }

    /// Whether an error is what comes of a file that is taken for a folder, or of a folder that is taken for a file.
    private func mayBeOther(_ error: any Error) -> Bool {
        switch error {
        case is TensorFileError: true
        case let error as TransferError: error.isRefusal
        case let error as ShardError:
            if case .metadata(.malformed) = error.reason { true } else { error.reason == .missingFile }
        default: false
        }
    }

    private func beginning(of source: any ShardSource) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try source.read(offset: 0, count: min(1000, try source.byteCount()), into: &bytes)
        return bytes
    }
}
