#include "gateway/config/file_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "gateway/base/bytes.h"
#include "gateway/config/tree_builder.h"

namespace psl {
namespace config {

bool TreeBuilder::fail(size_t at, std::string text) {
  fault_ = SyntaxFault{at, std::move(text)};
  return false;
}

bool TreeBuilder::key(size_t at, std::string text) {
  if (text.find('\0') != std::string::npos) return fail(at, "a NUL character is not taken");
  if (!frames_.back().keys.insert(text).second) return fail(at, "this key is given twice");
  key_ = std::move(text);
  key_at_ = at;
  has_key_ = true;
  return true;
}

FileNode TreeBuilder::start(FileNode::Kind kind, size_t at) {
  FileNode node;
  node.kind = kind;
  node.at = static_cast<uint32_t>(at);
  if (has_key_) {
    node.key = std::move(key_);
    node.key_at = static_cast<uint32_t>(key_at_);
    has_key_ = false;
  }
  return node;
}

void TreeBuilder::place(FileNode node) {
  if (frames_.empty()) {
    root_ = std::move(node);
  } else {
    frames_.back().node.children.push_back(std::move(node));
  }
}

bool TreeBuilder::scalar(FileNode::Kind kind, size_t at, std::string text) {
  if (++nodes_ > tree_nodes_max) return fail(at, "more values than the limit of 1,000,000");
  if (text.find('\0') != std::string::npos) return fail(at, "a NUL character is not taken");
  FileNode node = start(kind, at);
  node.text = std::move(text);
  place(std::move(node));
  return true;
}

bool TreeBuilder::open(FileNode::Kind kind, size_t at) {
  if (++nodes_ > tree_nodes_max) return fail(at, "more values than the limit of 1,000,000");
  if (frames_.size() == tree_depth_max) return fail(at, "nested deeper than the limit of 64");
  frames_.push_back(Frame{start(kind, at), {}});
  return true;
}

bool TreeBuilder::close() {
  PSL_CHECK(!frames_.empty());
  FileNode node = std::move(frames_.back().node);
  frames_.pop_back();
  place(std::move(node));
  return true;
}

}  // namespace config

namespace {

// A descriptor that closes itself.
class ReadDescriptor {
 public:
  // Non-blocking, so that opening a pipe does not wait for its writer.
  explicit ReadDescriptor(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~ReadDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  ReadDescriptor(const ReadDescriptor&) = delete;
  ReadDescriptor& operator=(const ReadDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error system_refusal(int error_number) {
  return error_of(ErrorCode::input_output,
                  "cannot be read: " + std::generic_category().message(error_number));
}

bool ends_with_word(std::string_view path, std::string_view ending) {
  if (path.size() < ending.size()) return false;
  const std::string_view tail = path.substr(path.size() - ending.size());
  return std::equal(tail.begin(), tail.end(), ending.begin(),
                    [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

// The first byte that no text file of ours holds, or npos. YAML 1.2 section 5.1 leaves the control characters
// out, and yaml-cpp would take one of them for the end of the file.
size_t find_control(std::string_view text) {
  const auto found = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

size_t find_not_utf8(std::string_view text) {
  size_t line = 0;
  while (line < text.size()) {
    size_t end = text.find('\n', line);
    if (end == std::string_view::npos) end = text.size();
    if (!is_utf8(text.substr(line, end - line))) return line;
    line = end + 1;
  }
  return text.size();
}

Error fault_at(const FileText& source, size_t at, const std::string& text, ErrorCode code) {
  Error error = error_of(code, "the file cannot be read as it is");
  error.faults.push_back({source.place(at), text});
  return error;
}

}  // namespace

std::string FileText::place(size_t at) const {
  const std::string_view before = std::string_view(text).substr(0, std::min(at, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto column =
      1 + std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start), before.end(),
                        [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

FileSyntax syntax_of(std::string_view path, std::string_view content) {
  if (ends_with_word(path, ".json")) return FileSyntax::json;
  if (ends_with_word(path, ".yaml") || ends_with_word(path, ".yml")) return FileSyntax::yaml;
  const size_t first = content.find_first_not_of(" \t\r\n");
  const bool braced = first != std::string_view::npos && (content[first] == '{' || content[first] == '[');
  return braced ? FileSyntax::json : FileSyntax::yaml;
}

Result<FileTree> parse_tree(FileText source, FileSyntax syntax, ErrorCode wrong) {
  static constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (source.text.starts_with(byte_order_mark)) source.text.erase(0, byte_order_mark.size());
  const bool json = syntax == FileSyntax::json;
  if (source.text.size() > (json ? json_bytes_max : yaml_bytes_max)) {
    return error_of(
        ErrorCode::message_too_large,
        source.name +
            (json ? ": above the limit of 64 MiB for a JSON file"
                  : ": above the limit of 4 MiB for a YAML file: name big contents with `..._file`"));
  }
  const size_t not_utf8 = find_not_utf8(source.text);
  if (not_utf8 < source.text.size()) {
    return fault_at(source, not_utf8, "this line is not UTF-8: convert the file before",
                    ErrorCode::text_not_utf8);
  }
  const size_t control = find_control(source.text);
  if (control != std::string_view::npos)
    return fault_at(source, control, "a control character is not taken", wrong);
  config::TreeBuilder builder;
  const bool read = json ? config::read_json(source.text, builder) : config::read_yaml(source.text, builder);
  if (!read) return fault_at(source, builder.fault().at, builder.fault().text, wrong);
  FileTree tree{std::move(source), builder.take_root()};
  return tree;
}

Result<std::string> read_regular_file(const std::string& path, size_t bytes_max) {
  if (path.find('\0') != std::string::npos) return system_refusal(EINVAL);
  const ReadDescriptor file(path);
  struct stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) return system_refusal(errno);
  if (!S_ISREG(about.st_mode))
    return error_of(ErrorCode::input_output, "cannot be read: it is not a regular file");
  std::string content;
  content.resize(std::min(static_cast<size_t>(about.st_size), bytes_max) + 1);
  size_t filled = 0;
  while (filled <= bytes_max) {
    if (filled == content.size()) content.resize(std::min(content.size() * 2, bytes_max + 1));
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_refusal(errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  if (filled > bytes_max) {
    return error_of(ErrorCode::message_too_large,
                    "is above the limit of " + std::to_string(bytes_max) + " bytes");
  }
  content.resize(filled);
  return content;
}

Result<FileTree> load_tree(const std::string& path, ErrorCode wrong) {
  Result<std::string> content = read_regular_file(path, json_bytes_max);
  if (!content) {
    Error error = std::move(content).error();
    error.text = path + ": " + error.text;
    return error;
  }
  FileText source{path, std::move(content).value()};
  const FileSyntax syntax = syntax_of(path, source.text);
  return parse_tree(std::move(source), syntax, wrong);
}

}  // namespace psl
