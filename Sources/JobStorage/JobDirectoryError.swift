// SPDX-License-Identifier: MIT

public import SystemPackage
public import SystemSupport

/// Why a job directory cannot be made, opened or given a campaign.
public enum JobDirectoryError: Error, Equatable, CustomStringConvertible {
    /// There is no `queue.json`.
    case notAJobDirectory(FilePath)
    /// `queue.json` cannot be understood.
    case damaged(FilePath)
    /// Another version of this program made it.
    case otherVersion(FilePath, found: Int)
    /// Everybody could put jobs into it.
    case worldWritable(FilePath)
    /// Another user owns it, by number.
    case ownedByStranger(FilePath, owner: UInt32)
    /// It holds something that no job directory has.
    case notEmpty(FilePath, example: String)
    /// It is a file, or lies below one.
    case notADirectory(FilePath)
    /// A campaign of this name is there with other content.
    case campaignDiffers(CampaignID, file: String)
    /// The system refused a call.
    case file(FileError)

    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .notAJobDirectory(let path):
            "\"\(path)\" is not a job directory; make one with: lucid-coordinator init \(path)"
        case .damaged(let path):
            "\"\(path)\" cannot be understood; it was not written by this program, or it was changed since"
        case .otherVersion(let path, let found):
            "\"\(path)\" has format version \(found), this program reads \(QueueSettings.formatVersion); "
                + "use the version of the program that made it"
        case .worldWritable(let path):
            "everybody may write \"\(path)\", and so could give your account work to do; "
                + "close it with: chmod o-w \(path)"
        case .ownedByStranger(let path, let owner):
            "\"\(path)\" belongs to user \(owner), who could give your account work to do; "
                + "if you trust them, pass: --trust-owner \(owner)"
        case .notEmpty(let path, let example):
            "\"\(path)\" is not empty (it holds \"\(example)\") and not a job directory; choose an empty or new one"
        case .notADirectory(let path):
            "\"\(path)\" is a file, or lies below one; choose an empty or new folder"
        case .campaignDiffers(let campaign, let file):
            "campaign \(campaign) was submitted before and its \"\(file)\" differs: the same campaign from another "
                + "folder, or by another version of this program; submit this one under another name"
        case .file(let error):
            "\(error)"
        }
    }
}
