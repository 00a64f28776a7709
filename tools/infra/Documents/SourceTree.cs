using System.Collections.Concurrent;
using System.Text;

namespace Dapr.Voice.Infra.Documents;

/// <summary>
/// The repository as the rules see it: files by their path from its root, with <c>/</c>. Texts are read when asked for and kept;
/// <see cref="With"/> lays a changed text over one file, which is how the mutation run works without touching the disk. Safe for several
/// threads.
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

    /// <summary>All files below a folder, but for what builds leave behind.</summary>
    public static SourceTree FromDisk(string root)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        Collect(new DirectoryInfo(root), "", paths);
        return new SourceTree(root, paths, new(StringComparer.Ordinal), new Dictionary<string, byte[]>());
    }

    /// <summary>A tree that stands in no folder, for tests.</summary>
    public static SourceTree Of(IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return new SourceTree(null, texts.Keys.ToHashSet(StringComparer.Ordinal), new(StringComparer.Ordinal),
            texts.ToDictionary(t => t.Key, t => Encoding.UTF8.GetBytes(t.Value), StringComparer.Ordinal));
    }

    /// <summary>The same for a tree and all that were made from it.</summary>
    internal object Origin => _read;

    /// <summary>Files that are not as they were read.</summary>
    internal IEnumerable<string> Changed => _changed.Keys;

    /// <summary>Paths in ordinal order.</summary>
    public IEnumerable<string> Paths => _paths.Order(StringComparer.Ordinal);

    public IEnumerable<string> Under(string folder, string extension)
        => Paths.Where(p => p.StartsWith(folder + "/", StringComparison.Ordinal) && p.EndsWith(extension, StringComparison.Ordinal));

    public bool Exists(string path) => _paths.Contains(path);

    public bool HasFolder(string path) => path is "." or "" || _paths.Any(p => p.StartsWith(path + "/", StringComparison.Ordinal));

    /// <summary>The bytes of a file, or null where there is none.</summary>
    public byte[]? Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (_changed.TryGetValue(path, out byte[]? changed)) return changed;
        if (_root is null || !_paths.Contains(path)) return null;
        return _read.GetOrAdd(path, static (p, root) => File.ReadAllBytes(Path.Combine(root, p)), _root);
    }

    public string? Text(string path) => Read(path) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>The same tree with one file's text replaced.</summary>
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
