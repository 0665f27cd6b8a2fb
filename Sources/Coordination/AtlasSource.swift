// SPDX-License-Identifier: MIT

private import JobKinds
internal import JobStorage
internal import Reports

/// A job whose result becomes a part of an atlas.
enum AtlasSource {
    /// It makes pictures.
    case pictures(AtlasContent.PicturesJob)
    /// It finds images of the data set.
    case exemplars(AtlasContent.ExemplarsJob)

    var job: JobSpecification {
        switch self {
        case .pictures(let source): source.job
        case .exemplars(let source): source.job
        }
    }

    /// Whether it makes pictures for a model's layer.
    func pictures(_ key: AtlasContent.SheetKey) -> Bool {
        guard case .pictures(let source) = self else { return false }
        return source.layer == key.layer && source.models.contains(key.model)
    }
}

/// A result that becomes a part of an atlas portion by portion, so that whoever takes it in can pause after each.
struct AtlasFindings {
    /// What one portion adds: files first, and entries that name them.
    struct Portion {
        var files: [(name: String, png: [UInt8])] = []
        var pictures: [AtlasPicture] = []
        var exemplars: [Exemplar] = []
    }

    private enum Kind {
        case pictures(LucidResultFile, AtlasContent.PicturesJob)
        case exemplars(ExemplarsResultFile, AtlasContent.ExemplarsJob)
    }

    /// The job whose result it is.
    let job: JobID
    private let content: AtlasContent
    private let kind: Kind

    /// Reads a result.
    ///
    /// - Throws: `UnusableResult` where it is not what the job was to give.
    init(_ payload: [UInt8], of source: AtlasSource, _ content: AtlasContent) throws(UnusableResult) {
        job = source.job.id
        self.content = content
        switch source {
        case .pictures(let asked):
            guard let file = LucidResultFile(decoding: payload), content.isAnswer(file, to: asked) else {
                throw UnusableResult(job: job, reason: "it does not hold the pictures that were asked for")
            }
            kind = .pictures(file, asked)
        case .exemplars(let asked):
            guard let file = ExemplarsResultFile(decoding: payload), content.isAnswer(file, to: asked) else {
                throw UnusableResult(job: job, reason: "it does not hold the images that were asked for")
            }
            kind = .exemplars(file, asked)
        }
    }

    /// How many portions there are: a picture each, or an image each and their entries.
    var portionCount: Int {
        switch kind {
        case .pictures(let file, _): file.pictures.count
        case .exemplars(let file, _): file.images.count + 1
        }
    }

    /// A portion by its number.
    func portion(_ number: Int) -> Portion {
        var portion = Portion()
        switch kind {
        case .pictures(let file, let source):
            for model in source.models {
                let picture = file.pictures[number]
                portion.files += content.files(of: picture, model: model, layer: source.layer)
                portion.pictures += content.entries(for: picture, model: model, layer: source.layer)
            }
        case .exemplars(let file, let source):
            if number < file.images.count {
                portion.files = [content.file(of: file.images[number])]
            } else {
                portion.exemplars = content.entries(for: file, of: source)
            }
        }
        return portion
    }
}
