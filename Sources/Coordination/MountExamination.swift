// SPDX-License-Identifier: MIT

private import SystemPackage
internal import SystemSupport

/// What the options of a mount mean for a job directory, as far as they tell it: what machines really see of each other,
/// two of them find out together (`PairExamination`).
struct MountExamination {
    static let name = "mount options"

    private let mount: MountInformation

    init(_ mount: MountInformation) {
        self.mount = mount
    }

    private var what: String { "\(mount.type) at \(mount.point)" }

    private func has(_ option: String) -> Bool { mount.options.contains(option) }

    private func value(of option: String) -> String? {
        mount.options.last { $0.hasPrefix("\(option)=") }.map { String($0.dropFirst(option.count + 1)) }
    }

    var finding: ExaminationFinding {
        if has("ro") { return failure("\(what) is read-only") }
        guard mount.type == "nfs" || mount.type == "nfs4" else { return ExaminationFinding(Self.name, .ok, what) }
        if has("soft") || has("softerr") {
            return failure("\(what) is mounted soft: a slow server looks like a failed write; mount it hard")
        }
        if has("nocto") {
            return failure(
                "\(what) is mounted with nocto: an open does not ask the server, so that machines take each other's files "
                    + "for missing; mount it without"
            )
        }
        return ExaminationFinding(Self.name, .ok, ([what] + remarks).joined(separator: "; "))
    }

    private func failure(_ text: String) -> ExaminationFinding { ExaminationFinding(Self.name, .failure, text) }

    /// What costs time and endangers nothing; of an option that is as it is by default, the kernel says nothing.
    private var remarks: [String] {
        var remarks: [String] = []
        if has("noac") {
            remarks.append("noac, which is not needed here, makes every call ask the server")
        } else if value(of: "lookupcache") == nil {
            remarks.append(
                "absent names are remembered (lookupcache=all), which nothing here relies on; lookupcache=positive saves some calls"
            )
        }
        let longest = ["acregmax", "acdirmax"].compactMap { value(of: $0).flatMap { Int($0) } }.max() ?? 0
        if longest > 60, !has("noac") {
            remarks.append(
                "what is looked at and not opened may be \(longest) s old (actimeo): only `ls` and the like show it so"
            )
        }
        return remarks
    }
}
