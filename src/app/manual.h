#pragma once
#include <string>
#include <vector>

#include "base/command.h"

namespace spillway::app {

/// The flags that every command takes.
const std::vector<Option>& common_options();
/// What `program` alone prints: every command with its line, grouped by first word.
std::string overview(const std::string& program, const std::vector<Command>& commands);
/// What `help COMMAND` prints: usage, description, options, examples.
std::string manual_text(const std::string& program, const Command& command);
/// The reference page of all commands, in Markdown.
std::string reference_page(const std::string& program, const std::vector<Command>& commands);
/// The manual page in man(7)'s macros.
std::string manual_page(const std::string& program, const std::vector<Command>& commands);

}  // namespace spillway::app
