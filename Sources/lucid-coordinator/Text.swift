// SPDX-License-Identifier: MIT

import Campaigns
import FoundationEssentials

/// What `--json` prints: keys in order, so that equal answers are equal texts.
func jsonText(_ value: some Encodable) throws -> String {
    String(decoding: try canonicalJSON(value), as: UTF8.self)
}

/// A time of day for people, in UTC.
func timeText(_ secondsSince1970: Double) -> String {
    Date(timeIntervalSince1970: secondsSince1970).formatted(.iso8601)
}
