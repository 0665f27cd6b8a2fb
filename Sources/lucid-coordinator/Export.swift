// SPDX-License-Identifier: MIT

import ArgumentParser
import Coordination
import SystemPackage
import SystemSupport

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a campaign's model, after its edits, as a file for PyTorch.",
        discussion: """
            The file has the state dictionary of celebalucid's network whole, batch norm included. Its ending tells \
            the format: .pt and .pth are read by torch.load (also with weights_only=True), .safetensors by safetensors.

            EXAMPLES
              lucid-coordinator export study.yaml adam-with-old-4a --output adam-with-old-4a.pt
              lucid-coordinator export study.yaml adam-with-old-4a --output adam-with-old-4a.safetensors
            """
    )

    @Argument(help: "The campaign file.")
    var campaign: String

    @Argument(help: "The model's name there.")
    var model: String

    @Option(help: ArgumentHelp("The file to write, over one that is there.", valueName: "F.pt|F.safetensors"))
    var output: String

    @OptionGroup var source: SourceOptions

    func validate() throws {
        guard let ending = FilePath(output).extension, ModelExport.fileExtensions.contains(ending) else {
            throw ValidationError("\"\(output)\" ends in none of .pt, .pth and .safetensors")
        }
    }

    func run() throws {
        try withExitCodes {
            let file = absolutePath(output)
            let export = try ModelExport(
                of: model,
                in: absolutePath(campaign),
                to: file,
                published: source.publishedForUser
            )
            try export.write()
            Terminal.note("wrote \(counted(export.tensorCount, "tensor")), \(ByteCount(export.byteCount)), to \(file)")
        }
    }
}
