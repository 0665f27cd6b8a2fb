// SPDX-License-Identifier: MIT

extension CampaignFile {
    /// The mappings of a campaign file whose keys are given, by where they stand.
    enum Section: String, CaseIterable {
        case campaign = ""
        case model = "models.NAME"
        case edit = "models.NAME.edits[]"
        case dataset = "dataset"
        case cka = "cka"
        case activations = "activations"
        case lucid = "lucid"
        case objective = "lucid.objective"
        case arrays = "arrays"
        case limits = "limits"

        /// The keys that can stand there, in the order in which messages list them.
        var keys: [String] {
            switch self {
            case .campaign:
                [
                    "name", "models", "dataset", "cka", "lucid", "activations", "priority", "arrays", "limits",
                    "reproducible",
                ]
            case .model: ["weights", "edits", "strict", "batch_norm", "arrays", "images"]
            case .edit: ["set", "from", "value", "mode"]
            case .dataset: ["images", "list", "on_error"]
            case .cka:
                ["layers", "pairs", "epochs", "iterations", "batch_size", "image_lists", "estimator", "across"]
            case .activations: ["models", "layers"]
            case .lucid:
                [
                    "neurons", "models", "size", "thresholds", "seed", "compat", "objective", "diversity", "transforms",
                ]
            case .objective: ["direction"]
            case .arrays: ["dtype", "codec"]
            case .limits: ["bytes", "pixels", "entries"]
            }
        }

        /// The keys that are kept for another version.
        var unavailableKeys: [String] { self == .campaign ? ["storage_budget"] : [] }
    }
}
