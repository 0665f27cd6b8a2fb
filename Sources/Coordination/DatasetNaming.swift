// SPDX-License-Identifier: MIT

internal import Campaigns
private import HTTPTransfer
internal import SystemPackage

/// How messages name what lies in a data set: by the archive, address or published name that the user wrote, and not by the
/// folder that it was unpacked to.
struct DatasetNaming {
    private let folder: String
    private let name: String?

    /// Names a data set.
    ///
    /// - Parameters:
    ///   - dataset: as the campaign asks for it.
    ///   - folder: where its images are.
    ///   - isUnpacked: whether they were unpacked there, and the user knows nothing of the folder.
    init(_ dataset: Campaign.Dataset, in folder: FilePath, isUnpacked: Bool) {
        self.folder = folder.string
        guard isUnpacked else {
            name = nil
            return
        }
        // An address without what is secret in it.
        let address = dataset.images.contains("://") ? try? WebAddress(dataset.images) : nil
        name = address?.description ?? dataset.images
    }

    /// A message with the user's name in the place of the folder's.
    func words(_ message: String) -> String {
        guard let name else { return message }
        // Another folder's name may begin alike.
        return ["/", "\"", " ", ":"].reduce(message) { $0.replacing(folder + $1, with: name + $1) }
    }
}
