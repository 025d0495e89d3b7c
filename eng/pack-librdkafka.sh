#!/usr/bin/env bash
# Called by eng/restore where the NuGet feed lacks librdkafka.redist: builds librdkafka from the source that the npm
# package carries, and packs it under the official id, so that project files and Confluent.Kafka stay as they are.
set -euo pipefail
version=$1
source=$RADAR_ROOT/node_modules/@confluentinc/kafka-javascript/deps/librdkafka
work=$RADAR_CACHE/librdkafka
IFS=. read -r a b c <<<"$version"
hex=$(printf '0x%02x%02x%02xff' "$a" "$b" "$c")
grep -q "^#define RD_KAFKA_VERSION $hex" "$source/src/rdkafka.h" || {
  echo "The npm package's librdkafka is not $version: $(grep '^#define RD_KAFKA_VERSION' "$source/src/rdkafka.h")"
  echo "Set @confluentinc/kafka-javascript in package.json and librdkafka.redist in Directory.Packages.props to fit each other."
  exit 1
}
rm -rf "$work"; mkdir -p "$work/pack"
cp -r "$source" "$work/src"
cd "$work/src"
# lz4 and snappy are built in; zlib and zstd are taken when their headers are there. TLS and Kerberos are left out:
# the embedded and the local brokers are plain, and the official package has them.
# configure insists on a C++ compiler, which nothing built here uses: any answer does.
CXX=${CXX:-gcc} ./configure --disable-ssl --disable-gssapi --disable-curl --disable-debug-symbols
make -j2 -C src librdkafka.so.1
mkdir -p "$work/pack/native"
strip -o "$work/pack/native/librdkafka.so" src/librdkafka.so.1
for symbol in rd_kafka_new rd_kafka_mock_cluster_new rd_kafka_mock_topic_create; do
  grep -aq "$symbol" "$work/pack/native/librdkafka.so" || { echo "librdkafka.so lacks $symbol"; exit 1; }
done
cd "$work/pack"
for f in Directory.Build.props Directory.Build.targets Directory.Packages.props; do echo '<Project />' >"$f"; done
cat >pack.csproj <<X
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>netstandard2.0</TargetFramework>
    <PackageId>librdkafka.redist</PackageId>
    <Version>$version</Version>
    <Authors>Made by Radar's eng/restore from librdkafka's source</Authors>
    <Description>librdkafka $version for Linux on x86-64, for this clone only. Not the official package.</Description>
    <IncludeBuildOutput>false</IncludeBuildOutput>
    <SuppressDependenciesWhenPacking>true</SuppressDependenciesWhenPacking>
    <NoWarn>NU5128;NU5100</NoWarn>
    <NuGetAudit>false</NuGetAudit>
    <RestorePackagesPath>$RADAR_ROOT/.packages</RestorePackagesPath>
  </PropertyGroup>
  <ItemGroup>
    <None Include="native/librdkafka.so" Pack="true" PackagePath="runtimes/linux-x64/native/librdkafka.so" />
    <None Include="../src/LICENSES.txt" Pack="true" PackagePath="LICENSES.txt" />
  </ItemGroup>
</Project>
X
dotnet pack pack.csproj -c Release -o out --disable-build-servers
mv "out/librdkafka.redist.$version.nupkg" "$RADAR_FEED/.librdkafka.tmp"
mv "$RADAR_FEED/.librdkafka.tmp" "$RADAR_FEED/librdkafka.redist.$version.nupkg"
cd "$RADAR_CACHE"; rm -rf "$work"
