using Xunit;

// The two runs would disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
