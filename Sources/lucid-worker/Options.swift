// SPDX-License-Identifier: MIT

import ArgumentParser
import SystemSupport

extension ByteCount: ExpressibleByArgument {
    /// Reads for instance "2GiB".
    init?(argument: String) {
        self.init(parsing: argument)
    }
}

extension TimeSpan: ExpressibleByArgument {
    /// Reads for instance "3h30m".
    init?(argument: String) {
        self.init(parsing: argument)
    }
}
