#!/usr/bin/env bash
# Called by eng/restore where the NuGet feed lacks Microsoft.ML.OnnxRuntime: compiles Microsoft's managed sources and
# takes the native library, both from the npm package that carries them, and packs them under the official id.
set -euo pipefail
version=$1
source=$RADAR_ROOT/node_modules/com.github.asus4.onnxruntime
work=$RADAR_CACHE/onnxruntime
native=$source/Plugins/Linux/x64/libonnxruntime.so
# What these sources compile with (11 does not). 9.0.0 is not on every feed.
tensors=9.0.19
grep -aq "VERS_$version" "$native" || {
  echo "The npm package's libonnxruntime.so is not $version."
  echo "Set com.github.asus4.onnxruntime in package.json and Microsoft.ML.OnnxRuntime in Directory.Packages.props to fit each other."
  exit 1
}
rm -rf "$work"; mkdir -p "$work"
cd "$work"
cp -r "$source/Runtime" Runtime
for f in Directory.Build.props Directory.Build.targets Directory.Packages.props; do echo '<Project />' >"$f"; done
echo 'global using System.Reflection;' >Global.cs
cat >pack.csproj <<X
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net8.0</TargetFramework>
    <AssemblyName>Microsoft.ML.OnnxRuntime</AssemblyName>
    <RootNamespace>Microsoft.ML.OnnxRuntime</RootNamespace>
    <PackageId>Microsoft.ML.OnnxRuntime</PackageId>
    <Version>$version</Version>
    <Authors>Made by Radar's eng/restore from Microsoft's sources</Authors>
    <Description>ONNX Runtime $version for Linux on x86-64, for this clone only. Not the official package.</Description>
    <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
    <ImplicitUsings>disable</ImplicitUsings>
    <Nullable>disable</Nullable>
    <NoWarn>\$(NoWarn);CS1591;CS1573;CS1570;CS1587;CS1574;NU5100</NoWarn>
    <WarningLevel>0</WarningLevel>
    <DebugType>none</DebugType>
    <GenerateDocumentationFile>true</GenerateDocumentationFile>
    <Deterministic>true</Deterministic>
    <NuGetAudit>false</NuGetAudit>
    <RestorePackagesPath>$RADAR_ROOT/.packages</RestorePackagesPath>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="System.Numerics.Tensors" Version="$tensors" />
    <None Include="$native" Pack="true" PackagePath="runtimes/linux-x64/native/libonnxruntime.so" />
    <None Include="$source/LICENSE;$source/ThirdPartyNotices.txt" Pack="true" PackagePath="" />
  </ItemGroup>
</Project>
X
dotnet pack pack.csproj -c Release -o out --disable-build-servers -p:UseSharedCompilation=false
mv "out/Microsoft.ML.OnnxRuntime.$version.nupkg" "$RADAR_FEED/.onnxruntime.tmp"
mv "$RADAR_FEED/.onnxruntime.tmp" "$RADAR_FEED/Microsoft.ML.OnnxRuntime.$version.nupkg"
cd "$RADAR_CACHE"; rm -rf "$work"
