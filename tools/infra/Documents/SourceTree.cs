using System.Collections.Concurrent;
using System.Text;

namespace Dapr.Voice.Infra.Documents;

/// <summary>
/// The repository as the rules see it: files by their path from the root, with <c>/</c>. A text is read when it is first asked for, and
/// then kept. <see cref="With"/> replaces the text of one file in memory, so that the mutation run does not write to the disk. Several
/// threads may use it.
/// </summary>
public sealed class SourceTree
{
    private static readonly string[] Skipped = ["bin", "obj", "node_modules", ".git", ".voice"];

    private readonly string? _root;
    private readonly IReadOnlySet<string> _paths;
    private readonly ConcurrentDictionary<string, byte[]?> _read;
    private readonly IReadOnlyDictionary<string, byte[]> _changed;

    private SourceTree(string? root, IReadOnlySet<string> paths, ConcurrentDictionary<string, byte[]?> read,
        IReadOnlyDictionary<string, byte[]> changed)
        => (_root, _paths, _read, _changed) = (root, paths, read, changed);

    /// <summary>Reads all files below a folder, except those that builds leave behind.</summary>
    public static SourceTree FromDisk(string root)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        Collect(new DirectoryInfo(root), "", paths);
        return new SourceTree(root, paths, new(StringComparer.Ordinal), new Dictionary<string, byte[]>());
    }

    /// <summary>Makes a tree without a folder, for tests.</summary>
    public static SourceTree Of(IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return new SourceTree(null, texts.Keys.ToHashSet(StringComparer.Ordinal), new(StringComparer.Ordinal),
            texts.ToDictionary(t => t.Key, t => Encoding.UTF8.GetBytes(t.Value), StringComparer.Ordinal));
    }

    /// <summary>Equal for a tree and for all trees that were made from it.</summary>
    internal object Origin => _read;

    /// <summary>The files that differ from what was read.</summary>
    internal IEnumerable<string> Changed => _changed.Keys;

    /// <summary>The paths in ordinal order.</summary>
    public IEnumerable<string> Paths => _paths.Order(StringComparer.Ordinal);

    public IEnumerable<string> Under(string folder, string extension)
        => Paths.Where(p => p.StartsWith(folder + "/", StringComparison.Ordinal) && p.EndsWith(extension, StringComparison.Ordinal));

    public bool Exists(string path) => _paths.Contains(path);

    public bool HasFolder(string path) => path is "." or "" || _paths.Any(p => p.StartsWith(path + "/", StringComparison.Ordinal));

    /// <summary>Returns the bytes of a file, or null if there is no such file.</summary>
    public byte[]? Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (_changed.TryGetValue(path, out byte[]? changed)) return changed;
        if (_root is null || !_paths.Contains(path)) return null;
        return _read.GetOrAdd(path, static (p, root) => File.ReadAllBytes(Path.Combine(root, p)), _root);
    }

    public string? Text(string path) => Read(path) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>Returns the same tree with the text of one file replaced.</summary>
    public SourceTree With(string path, string text)
    {
        var changed = new Dictionary<string, byte[]>(_changed, StringComparer.Ordinal) { [path] = Encoding.UTF8.GetBytes(text) };
        return new SourceTree(_root, _paths.Contains(path) ? _paths : new HashSet<string>(_paths, StringComparer.Ordinal) { path }, _read,
            changed);
    }

    private static void Collect(DirectoryInfo folder, string prefix, HashSet<string> paths)
    {
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo below)
            {
                if (!Skipped.Contains(entry.Name) && entry.LinkTarget is null) Collect(below, prefix + entry.Name + "/", paths);
            }
            else
            {
                paths.Add(prefix + entry.Name);
            }
        }
    }
}
